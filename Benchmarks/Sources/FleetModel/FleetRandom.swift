/// Random numbers that are the same on every machine, one stream for each purpose, node and day.
///
/// A stream depends on its key alone, so nodes can be aged in any order and nothing is kept for them.
struct FleetRandom {
  /// What a stream is for.
  enum Purpose: UInt64 {
    case pool = 1
    case roles, releases, node, own, patch, arrival, interfaces, questions
  }

  private var state: UInt64

  init(seed: UInt64, _ purpose: Purpose, _ a: Int = 0, _ b: Int = 0) {
    var key = Self.mixed(seed &+ 0x9e37_79b9_7f4a_7c15)
    key = Self.mixed(key ^ purpose.rawValue)
    key = Self.mixed(key ^ UInt64(bitPattern: Int64(a)))
    state = Self.mixed(key &+ UInt64(bitPattern: Int64(b)) &* 0xd1b5_4a32_d192_ed03)
  }

  /// Bijective, so that different numbers give different node names.
  static func mixed(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return Self.mixed(state)
  }

  /// A number in `0 ..< bound`.
  mutating func below(_ bound: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// A number in a range.
  mutating func within(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + below(range.count)
  }

  /// True with a chance.
  mutating func happens(_ chance: Double) -> Bool {
    Double(next() >> 11) * 0x1p-53 < chance
  }

  mutating func shuffle<T>(_ list: inout [T]) {
    for index in stride(from: list.count - 1, to: 0, by: -1) {
      list.swapAt(index, below(index + 1))
    }
  }
}

/// Draws by a zipf law: some packages are on many nodes, most on few.
struct ZipfDraw {
  private let order: [Int]
  private let sums: [UInt64]

  init(count: Int, random: inout FleetRandom) {
    var order = Array(0..<count)
    random.shuffle(&order)
    self.order = order
    var sum: UInt64 = 0
    // Whole numbers: their sums do not depend on how a machine rounds.
    sums = (0..<count).map { index in
      sum += (1 << 40) / UInt64(index + 3)
      return sum
    }
  }

  func one(_ random: inout FleetRandom) -> Int {
    let wanted = UInt64(random.below(Int(sums.last ?? 1)))
    var low = 0
    var high = sums.count - 1
    while low < high {
      let middle = (low + high) / 2
      if sums[middle] > wanted { high = middle } else { low = middle + 1 }
    }
    return order[low]
  }

  /// So many different ones that are not taken yet; marks them as taken.
  func take(_ count: Int, taken: inout Set<Int>, _ random: inout FleetRandom) -> [Int] {
    var got: [Int] = []
    while got.count < count, taken.count < order.count {
      let candidate = one(&random)
      if taken.insert(candidate).inserted { got.append(candidate) }
    }
    return got.sorted()
  }
}
