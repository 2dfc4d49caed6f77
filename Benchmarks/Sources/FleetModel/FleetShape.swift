/// What a modelled fleet is like; equal shapes give equal bytes.
public struct FleetShape: Sendable, Hashable {
  /// Nodes in the fleet.
  public var nodeCount: Int
  /// Days of history; each node reports once a day.
  public var dayCount: Int
  /// Packages of a node, about.
  public var itemCount = 500
  /// What the random numbers come from.
  public var seed: UInt64 = 1
  /// Roles: nodes of one role share about half of their packages.
  public var roleCount = 12
  /// Share of the packages of base and roles that get a new version on a day, on average.
  public var churn = 0.01
  /// Chance that a node is installed anew, per node and day.
  public var reinstallChance = 0.0007
  /// Chance that a report arrives one to three days after it was taken, per report.
  public var lateChance = 0.002
  /// Share of nodes that run containers, and so report interfaces that come and go.
  public var containerShare = 0.0
  /// Whether kernels are versions of one package, as with rpm, or packages of their own, as in Debian.
  public var kernelsShareName = true

  /// Makes a shape of so many nodes and days.
  public init(nodeCount: Int, dayCount: Int) {
    self.nodeCount = nodeCount
    self.dayCount = dayCount
  }

  /// 2026-01-05T00:00:00Z, a Monday: the first day's midnight, in seconds since 1970.
  public static let firstDay: Int64 = 1_767_571_200
  /// Seconds of a day.
  public static let daySeconds: Int64 = 86400
}
