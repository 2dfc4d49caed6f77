/// Which packages get a new version on which day: a wave each Tuesday, a trickle between.
struct Releases {
  struct Release {
    var package: UInt32
    var number: UInt32
  }

  /// Of each day, in order of packages.
  private let days: [[Release]]

  init(_ shape: FleetShape, packages: [Int]) {
    var random = FleetRandom(seed: shape.seed, .releases)
    var numbers: [Int: UInt32] = [:]
    var pool = packages
    days = (0..<shape.dayCount).map { day in
      let share = shape.churn * (Self.isPatchDay(day) ? 4.6 : 0.4)
      let count = min(pool.count, max(1, Int((share * Double(pool.count)).rounded())))
      for index in 0..<count { pool.swapAt(index, index + random.below(pool.count - index)) }
      return pool[..<count].sorted().map { package in
        let number = numbers[package, default: 0] + 1
        numbers[package] = number
        return Release(package: UInt32(package), number: number)
      }
    }
  }

  /// Whether a day is the second of its week, when vendors publish.
  static func isPatchDay(_ day: Int) -> Bool { day % 7 == 1 }

  subscript(day: Int) -> [Release] { days[day] }
}
