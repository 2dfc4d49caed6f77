/// One package on one node, in 8 bytes.
public struct FleetItem: Hashable, Sendable {
  /// The version's number in the catalogue.
  public var version: UInt32
  /// When it was installed, in seconds since 1970.
  public var installed: UInt32
}

/// One item change of a node: versions by number, or `nil` where there was or is none.
public struct FleetChange: Hashable, Sendable {
  /// The version before.
  public var old: UInt32?
  /// The version after; the same as before where only the time of installation differs.
  public var new: UInt32?
}

/// What a node reports once.
public struct FleetReport: Sendable {
  /// The node's number, from 0.
  public var node: Int
  /// The day it was taken, from 0.
  public var day: Int
  /// When it was taken, in seconds since 1970.
  public var time: Int64
  /// What is on the node, in order of packages.
  public var items: [FleetItem]
}

/// What became of a node on a day, in the order of capture times, also where its report is late.
public struct FleetStep: Sendable {
  /// The report.
  public var report: FleetReport
  /// How many-th of its day the report is.
  public var position: Int
  /// The changes since the node's last report; everything is new in the first.
  public var changes: [FleetChange]
  /// Whether any item differs from the last report; always so in the first.
  public var isChanged: Bool { !changes.isEmpty }
}

/// Follows a model day by day, to write down what it knows.
public protocol FleetObserver: AnyObject {
  /// Takes what became of one node.
  func take(_ step: FleetStep, of model: borrowing FleetModel)
  /// Takes that all nodes of a day are done.
  func endDay(_ day: Int, of model: borrowing FleetModel)
}
