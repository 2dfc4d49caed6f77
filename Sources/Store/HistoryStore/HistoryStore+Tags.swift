public import Inventory
import LMDB

extension HistoryStore {
  /// The tags that a node had at a valid time, as known at a recorded time; nil for now.
  ///
  /// None where nobody had said anything of them. Throws ``StoreError``; a node that is not known has none.
  public func tags(
    of node: NodeID, at: Instant? = nil, knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> Tags {
    try ask(scope, Moment(at: at, knownAt: knownAt)) { reader throws(StoreError) in
      guard let number = try reader.number(of: node) else { return Tags() }
      return try reader.toldTags(of: node, number: number)
    }
  }

  /// Changes a node's tags from a valid time on, durably; by default from now on.
  ///
  /// The closure gets the tags of that time, and may be called again where the map had to grow. What it makes of
  /// them is one observation of `AWS:Tag`, which holds until the next one: what was said of later times stays.
  /// It moves no *last seen*, for the node did not speak. Reading and recording is one transaction, so that nobody
  /// overwrites what another says meanwhile. Returns nil, and records nothing, where they are the same. Throws
  /// ``StoreError``, `ReportError` where the time lies too far ahead, and what the closure throws.
  /// Waits for the disk.
  @discardableResult
  public func changeTags(
    of node: NodeID, at time: Instant? = nil, in scope: Scope = .local,
    _ change: (inout Tags) throws -> Void
  ) throws -> Receipt? {
    var expected = try tags(of: node, at: time, in: scope)
    let present = expected
    try change(&expected)
    guard expected != present else { return nil }
    // A refusal is no failure of the transaction, which would have to be read anew.
    var refusal: (any Error)?
    let receipt = try write { writer, transaction throws(StoreError) -> Receipt? in
      refusal = nil
      let (before, observedAt) = try tags(of: node, at: time, in: scope, transaction.view)
      let report: CanonicalReport
      do {
        var after = before
        try change(&after)
        guard after != before else { return nil }
        let entry = Report.Entry(
          type: Tags.type, captureTime: time ?? max(now, observedAt ?? .distantPast),
          content: after.items)
        report = try Report(node: node, entries: [entry])
          .canonical(limits: configuration.limits, hash: hash, now: now)
      } catch {
        refusal = error
        return nil
      }
      switch try writer.accept(report, in: scope, &transaction) {
      case .success(let receipt): return receipt
      case .failure(let error):
        refusal = error
        return nil
      }
    }
    if let refusal { throw refusal }
    return receipt
  }

  /// ``changeTags(of:at:in:_:)`` from asynchronous code: a queue of the store's own waits for the disk.
  package func changeTags(
    of node: NodeID, in scope: Scope,
    byQueue change: @escaping @Sendable (inout Tags) throws -> Void
  ) async throws -> Receipt? {
    try await committer.perform { try self.changeTags(of: node, in: scope, change) }
  }

  /// The tags of a node at a time, and when they were observed last, as a transaction sees them that has
  /// changed nothing yet.
  private func tags(
    of node: NodeID, at time: Instant?, in scope: Scope, _ view: TransactionView
  ) throws(StoreError) -> (Tags, observedAt: Instant?) {
    let snapshot = try Snapshot(view, of: self)
    let reader = try HistoryReader(snapshot, scope, Moment(at: time))
    guard let number = try reader.number(of: node) else { return (Tags(), nil) }
    let state = try reader.state(of: node, number: number, type: Tags.type)
    return (try reader.toldTags(of: node, number: number), state.observedAt)
  }
}
