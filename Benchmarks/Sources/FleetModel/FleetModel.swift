/// A fleet of machines that report their packages once a day, made up from a seed.
///
/// All nodes share a base, nodes of one role share more, and each has a few of its own. New versions
/// come out in waves; a node takes them with the delay of its ring, or never. Kernels come beside
/// older ones until there are three. Some packages come and go, some nodes are installed anew, some
/// reports arrive late. `InstalledTime` is the image's time until a node patches the package in its
/// own second.
///
/// Memory: 8 bytes for each item of each node, and about 400 for each version of a package. Reports
/// are handed out one by one; how many a caller takes at a time makes no difference.
public struct FleetModel {
  /// What the fleet is like.
  public let shape: FleetShape
  /// The versions that have come up so far.
  public internal(set) var catalogue: VersionCatalogue
  /// What follows the model.
  public var observers: [any FleetObserver] = []

  let times: TimeText
  let traits: [NodeTraits]
  let plan: FleetPlan
  /// Newest version number of each package today.
  var level: [UInt32]
  var items: [[FleetItem]]
  /// The node that last drew a package of its own, plus 1.
  var drawn: [UInt32]
  /// Node numbers in order of the second of the day in which they report.
  let order: [UInt32]

  private var day = 0
  private var position = 0
  private var waiting: [FleetReport] = []
  /// Late reports by the place after which they arrive.
  private var late: [Int: [FleetReport]] = [:]

  /// Makes the fleet as it is before its first day.
  public init(_ shape: FleetShape) {
    self.shape = shape
    times = TimeText(dayCount: shape.dayCount)
    plan = FleetPlan(shape)
    catalogue = VersionCatalogue(pool: plan.pool)
    let traits = (0..<shape.nodeCount).map { NodeTraits(node: $0, shape) }
    self.traits = traits
    order = (0..<UInt32(shape.nodeCount)).sorted {
      (traits[Int($0)].second, $0) < (traits[Int($1)].second, $1)
    }
    items = [[FleetItem]](repeating: [], count: shape.nodeCount)
    level = [UInt32](repeating: 0, count: plan.pool.packages.count)
    drawn = level
  }

  /// The next report in order of arrival, or nil at the end.
  public mutating func next() -> FleetReport? {
    while true {
      if let report = waiting.popLast() { return report }
      if day == shape.dayCount { return nil }
      if position == shape.nodeCount {
        endDay()
        continue
      }
      if position == 0 { plan.raise(&level, on: day) }
      if let report = step() { return report }
    }
  }

  private mutating func endDay() {
    for observer in observers { observer.endDay(day, of: self) }
    day += 1
    position = 0
    guard day == shape.dayCount else { return }
    // What is still on its way arrives at last, in the order in which it would have.
    for (_, reports) in late.sorted(by: { $0.key > $1.key }) { waiting += reports.reversed() }
    late = [:]
  }

  /// Ages one node; gives its report unless that is late.
  private mutating func step() -> FleetReport? {
    let node = Int(order[position])
    let time = time(of: node, day)
    let old = items[node]
    let aged = age(node, day, Int(time))
    if let aged { items[node] = aged }
    let report = FleetReport(node: node, day: day, time: time, items: items[node])
    if !observers.isEmpty {
      let changes = aged.map { catalogue.changes(from: old, to: $0) } ?? []
      let step = FleetStep(report: report, position: position, changes: changes)
      for observer in observers { observer.take(step, of: self) }
    }
    let place = day * shape.nodeCount + position
    position += 1
    if let arrived = late.removeValue(forKey: place) { waiting = arrived.reversed() }
    var random = FleetRandom(seed: shape.seed, .arrival, node, day)
    guard day > 0, random.happens(shape.lateChance) else { return report }
    late[place + random.within(1...3) * shape.nodeCount, default: []].append(report)
    return nil
  }

  /// The id under which a node reports.
  public func name(of node: Int) -> String {
    let mixed = FleetRandom.mixed(UInt64(node) ^ (shape.seed << 32))
    let digits = String(mixed, radix: 16)
    return "i-0" + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The second of the day in which a node reports.
  public func second(of node: Int) -> Int { Int(traits[node].second) }

  /// When a node's report of a day is taken, in seconds since 1970.
  public func time(of node: Int, _ day: Int) -> Int64 {
    FleetShape.firstDay + Int64(day) * FleetShape.daySeconds + Int64(traits[node].second)
  }

  /// The last second of a day.
  public static func endOfDay(_ day: Int) -> Int64 {
    FleetShape.firstDay + Int64(day + 1) * FleetShape.daySeconds - 1
  }

  /// What is on a node now.
  public func inventory(of node: Int) -> [FleetItem] { items[node] }
}

/// What a node is, from its number alone.
struct NodeTraits {
  var role: UInt8
  /// Days after which it takes a new version; negative: never.
  var lag: Int8
  var second: UInt16
  var hasContainers: Bool

  init(node: Int, _ shape: FleetShape) {
    var random = FleetRandom(seed: shape.seed, .node, node)
    // The first role is the most frequent, as 1/n.
    let harmonic = (1...shape.roleCount).map { 10_000 / $0 }
    var draw = random.below(harmonic.reduce(0, +))
    var role = 0
    while draw >= harmonic[role] {
      draw -= harmonic[role]
      role += 1
    }
    self.role = UInt8(role)
    switch random.below(100) {
    case ..<10: lag = 0
    case ..<45: lag = 1
    case ..<75: lag = 3
    case ..<92: lag = 7
    default: lag = -1
    }
    second = UInt16(3 * 3600 + random.below(7200))
    hasContainers = random.happens(shape.containerShare)
  }
}

/// What the fleet has in common.
struct FleetPlan {
  let pool: PackagePool
  let releases: Releases
  let draw: ZipfDraw
  /// Whether a package belongs to the base.
  let isBase: [Bool]
  /// Of each role, the packages of base and role, in order.
  let common: [[Int]]
  /// Of each role, whether a package is in `common`.
  let isCommon: [[Bool]]
  /// When each role's image was made.
  let imageTimes: [Int]

  init(_ shape: FleetShape) {
    pool = PackagePool(shape)
    var random = FleetRandom(seed: shape.seed, .roles)
    let draw = ZipfDraw(count: pool.firstKernel, random: &random)
    self.draw = draw
    var base: Set<Int> = []
    _ = draw.take(max(1, shape.itemCount * 3 / 10), taken: &base, &random)
    let count = pool.packages.count
    let chosen = base
    isBase = (0..<count).map { chosen.contains($0) }
    var common: [[Int]] = []
    var times: [Int] = []
    for _ in 0..<shape.roleCount {
      var taken = base
      _ = draw.take(max(1, shape.itemCount * 11 / 20), taken: &taken, &random)
      common.append(taken.sorted())
      times.append(
        Int(FleetShape.firstDay) - random.within(20...300) * 86400 + random.below(86400))
    }
    imageTimes = times
    isCommon = common.map { list in
      var flags = [Bool](repeating: false, count: count)
      for package in list { flags[package] = true }
      return flags
    }
    self.common = common
    releases = Releases(shape, packages: Set(common.joined()).sorted())
  }

  /// Takes a day's releases into the newest version numbers.
  func raise(_ level: inout [UInt32], on day: Int) {
    for release in releases[day] { level[Int(release.package)] = release.number }
  }
}
