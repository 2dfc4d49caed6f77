package import Inventory

/// SplitMix64: the same numbers from the same seed everywhere.
package struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// The report that a number and a seed name: writer and checker make it each for themselves.
///
/// Every number has a capture time of its own, so that a state at that time is this report's or
/// it was not stored.
package struct NumberedReport: Sendable {
  package static let nodeCount = 6
  package static let types = ["AWS:Application", "Custom:Disk", "AWS:InstanceInformation"]

  package let number: Int
  package let seed: UInt64

  package init(number: Int, seed: UInt64) {
    self.number = number
    self.seed = seed
  }

  package var nodeText: String { "i-\(seed % 97)-\(number % Self.nodeCount)" }

  package var time: Instant { Instant(seconds: 1_700_000_000 + Int64(number) * 10) }

  package func node() throws -> NodeID { try NodeID(nodeText) }

  /// The items of one type.
  package func items(_ type: String) -> [Item] {
    var random = SplitMix64(seed: seed &+ UInt64(number) &* 1_000_003)
    switch type {
    case "AWS:Application":
      return (0..<Int.random(in: 0...12, using: &random)).map { index in
        [
          "Name": "package-\(index)", "Architecture": "amd64",
          "Version": "1.\(Int.random(in: 0...9, using: &random))",
          "InstalledTime": time.description,
        ]
      }
    case "Custom:Disk":
      return (0...(number % 3)).map { ["Device": "sd\($0)", "Serial": "\(random.next())"] }
    default:
      return [["ComputerName": "host-\(number % 7)", "AgentVersion": "\(number)"]]
    }
  }

  package func report() throws -> Report {
    Report(
      node: try node(),
      entries: try Self.types.map {
        Report.Entry(type: try TypeName($0), captureTime: time, content: items($0))
      })
  }
}
