public import Inventory
import LMDB
import Synchronization

extension HistoryStore {
  /// Stores a report durably, sharing the flush with whatever is stored at the same time.
  ///
  /// Returns after the flush. Throws `ReportError` where the report is refused, or
  /// ``StoreError``; either way nothing of it is stored. Waiting and cancellation are those of
  /// ``record(json:in:)->Receipt``, which is several times faster where the report is JSON already.
  @concurrent
  public func record(_ report: Report, in scope: Scope = .local) async throws -> Receipt {
    try checkWritable()
    return try await committer.commit(to: self) { submission(of: report, in: scope, now: now) }
  }

  /// Stores reports in one durable transaction; a refused one leaves no trace, the others stay.
  ///
  /// Throws ``StoreError``; then nothing of any of them is stored. Waits for the disk: from
  /// asynchronous code use ``record(_:in:)->Receipt``.
  public func record(
    _ reports: [Report], in scope: Scope = .local
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    try checkWritable()
    let now = now
    return try commit(reports.map { submission(of: $0, in: scope, now: now) })
  }

  func submission(of report: Report, in scope: Scope, now: Instant) -> Submission {
    var content: Submission.Content
    do throws(ReportError) {
      content = .report(
        try report.canonical(limits: configuration.limits, hash: hash, now: now), nil)
    } catch { content = .refused(error) }
    return Submission(body: nil, scope: scope, now: now, content: content)
  }

  /// Stores what happened to a node as a whole; terminated and deregistered end its inventory.
  ///
  /// Throws ``StoreError`` with `invalidQuestion` for `tagged`: tags are inventory, changed by
  /// ``changeTags(of:at:in:_:)``.
  @discardableResult
  public func recordNodeEvent(
    _ kind: NodeEventKind, node: NodeID, at time: Instant, in scope: Scope = .local
  ) throws(StoreError) -> SequenceNumber {
    let valid = try Self.valid(time)
    guard kind != .tagged else {
      throw StoreError(.invalidQuestion, "tags are no event: they are changed by changeTags")
    }
    return try write { writer, transaction throws(StoreError) in
      let state = try writer.scope(scope, &transaction)
      return SequenceNumber(
        try writer.record(kind, node: node, valid: valid, in: state, &transaction))
    }
  }

  /// Ends a type's inventory on every node of the scope at a valid time; its past stays.
  @discardableResult
  public func deleteType(
    _ type: TypeName, at time: Instant, in scope: Scope = .local
  ) throws(StoreError) -> SequenceNumber {
    let valid = try Self.valid(time)
    return try write { writer, transaction throws(StoreError) in
      let state = try writer.scope(scope, &transaction)
      return SequenceNumber(try writer.delete(type, valid: valid, in: state, &transaction))
    }
  }

  /// Declares by which attributes items of a custom type are matched, in all of its history.
  ///
  /// Rebuilds the projections in the same transaction: O(n) in the whole log.
  @discardableResult
  public func declareIdentity(
    of type: TypeName, attributes: [String], in scope: Scope = .local
  ) throws(StoreError) -> SequenceNumber {
    guard type.text.hasPrefix("Custom:") else {
      throw StoreError(.invalidQuestion, "the identity of \(type) is built in")
    }
    guard (1...16).contains(attributes.count), Set(attributes).count == attributes.count else {
      throw StoreError(.invalidQuestion, "an identity has 1 to 16 attributes, each once")
    }
    return try write { writer, transaction throws(StoreError) in
      let state = try writer.scope(scope, &transaction)
      let sequence = try writer.declareIdentity(
        of: type, attributes: attributes, in: state, &transaction)
      _ = try writer.rebuild(&transaction, progress: nil)
      writer.meta.catalogGeneration += 1
      return SequenceNumber(sequence)
    }
  }

  /// Drops every projection and makes it again from the log, and mends what else can be: the sums over
  /// rows, the store's own facts.
  ///
  /// One transaction: until it is done, and after a crash, readers see the old projections. Throws
  /// ``StoreError`` with `damaged` where the log does not replay; then nothing is changed.
  public func rebuild(progress: ((Int, Int) -> Void)? = nil) throws(StoreError) -> Rebuilding {
    try write(mends: true) { writer, transaction throws(StoreError) in
      try writer.mend(&transaction, progress: progress)
    }
  }

  /// Runs one durable write transaction.
  func write<R: Sendable>(
    mends: Bool = false,
    _ body: (Writer, inout WriteTransaction) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    try checkWritable()
    let writer = writer
    do throws(StoreError) {
      return try writerLock.withLock { _ throws(StoreError) in
        try writer.transact(mends: mends) { transaction throws(StoreError) in
          try body(writer, &transaction)
        }
      }
    } catch { throw naming(error) }
  }

  /// Names the row that an error is about, where it is about one.
  private func naming(_ error: StoreError) -> StoreError {
    guard error.damage != nil, let transaction = try? environment.beginStoreRead() else {
      return error
    }
    return transaction.view.naming(error, tables)
  }

  func checkWritable() throws(StoreError) {
    guard !configuration.isReadOnly else {
      throw StoreError(.readOnly, "the store was opened for reading only")
    }
  }

  static func valid(_ time: Instant) throws(StoreError) -> UInt32 {
    guard let valid = UInt32(exactly: time.seconds), (2000...2099).contains(CivilTime(time).year)
    else { throw StoreError(.invalidQuestion, "\(time) is not in 2000 to 2099") }
    return valid
  }
}
