import Inventory

/// A small deterministic fleet: every node has a common base and packages of its own, reports them
/// all once a day, and takes some new versions each day.
struct SyntheticFleet {
  let nodeCount: Int
  let dayCount: Int
  let itemCount: Int
  /// Of a node's packages, the share that gets a new version each day.
  let churn = 0.01

  private var generator = SplitMix64(state: 1)
  /// Each node's packages: their numbers, versions and install times.
  private var packages: [[(number: Int, version: Int, installed: Instant)]] = []
  private let start = Instant(seconds: 1_767_571_200)

  init(nodeCount: Int, dayCount: Int, itemCount: Int) {
    self.nodeCount = nodeCount
    self.dayCount = dayCount
    self.itemCount = itemCount
    for _ in 0..<nodeCount {
      var numbers = Set(0..<(itemCount * 8 / 10))
      while numbers.count < itemCount {
        numbers.insert(Int.random(in: 0..<20_000, using: &generator))
      }
      packages.append(numbers.sorted().map { ($0, 0, start.advanced(bySeconds: -86400 * 90)) })
    }
  }

  /// Hands over every request, day by day, node by node.
  mutating func forEachRequest(_ body: ([UInt8]) throws -> Void) rethrows {
    for day in 0..<dayCount {
      for node in 0..<nodeCount {
        let now = start.advanced(bySeconds: Int64(day) * 86400 + Int64(node) * 7)
        if day > 0 && Double.random(in: 0..<1, using: &generator) < 0.8 { patch(node, now) }
        try body(request(node, now))
      }
    }
  }

  private mutating func patch(_ node: Int, _ now: Instant) {
    for index in packages[node].indices
    where Double.random(in: 0..<1, using: &generator) < churn {
      packages[node][index].version += 1
      packages[node][index].installed = now.advanced(bySeconds: -Int64(index))
    }
  }

  private func request(_ node: Int, _ now: Instant) -> [UInt8] {
    var text = [UInt8]()
    text.reserveCapacity(itemCount * 330)
    text += Array(
      #"{"InstanceId":"i-\#(node)","Items":[{"TypeName":"AWS:Application","#.utf8)
    text += Array(#""SchemaVersion":"1.1","CaptureTime":"\#(now)","Content":["#.utf8)
    for (index, package) in packages[node].enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      let name = "package-\(package.number)"
      text += Array(
        """
        {"Name":"\(name)","Version":"1.\(package.version)-\(package.number % 7)",\
        "Architecture":"x86_64","Publisher":"Maintainers of \(name) <\(name)@example.org>",\
        "ApplicationType":"libs","InstalledTime":"\(package.installed)","PackageId":"\(name)",\
        "Summary":"a package made up to be counted","URL":"https://example.org/\(name)"}
        """.utf8)
    }
    text += Array("]}]}".utf8)
    return text
  }
}

/// A small generator of random numbers that is the same everywhere.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
