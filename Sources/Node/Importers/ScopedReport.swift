public import Inventory

/// A report together with the account and the Region of its node.
public struct ScopedReport: Sendable, Hashable {
  /// The account and the Region.
  public var scope: Scope
  /// The report, with the origin `.imported`.
  public var report: Report

  /// The account, twelve digits.
  public var account: String { scope.account }
  /// The Region.
  public var region: String { scope.region }

  /// Makes a scoped report.
  public init(scope: Scope, report: Report) {
    self.scope = scope
    self.report = report
  }
}

/// What an import says besides its reports, which it hands out one by one.
public struct ImportSummary: Sendable {
  /// The first instant of which the source tells; nil where it tells nothing.
  public var knownFrom: Instant?
  /// As in ``ImportedHistory``.
  public var warnings: [String]
  /// As in ``ImportedHistory``.
  public var failures: [String] = []
  /// How many rows were read.
  public var recordsRead: Int
}
