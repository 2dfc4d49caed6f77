public import Inventory
import LMDB
import Synchronization

extension HistoryStore {
  /// Stores a report durably, sharing the flush with whatever is stored at the same time.
  ///
  /// Returns after the flush. Throws ``Inventory/ReportError`` where the report is refused, or
  /// ``StoreError``; either way nothing of it is stored.
  public func record(_ report: Report, in scope: Scope = .local) async throws -> Receipt {
    try checkWritable()
    let canonical = try report.canonical(limits: configuration.limits, hash: hash, now: now)
    return try await committer.commit(canonical, in: scope, to: self)
  }

  /// Stores reports in one durable transaction; a refused one leaves no trace, the others stay.
  ///
  /// Throws ``StoreError``; then nothing of any of them is stored. Waits for the disk: from
  /// asynchronous code use ``record(_:in:)-async``.
  public func record(
    _ reports: [Report], in scope: Scope = .local
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    try checkWritable()
    let now = now
    return try commit(
      reports.map { report in
        do throws(ReportError) {
          return .success(
            try report.canonical(limits: configuration.limits, hash: hash, now: now))
        } catch { return .failure(error) }
      }, in: scope)
  }

  /// Stores the JSON bodies of PutInventory requests in one durable transaction: the fast path.
  ///
  /// A refused one leaves no trace, the others stay. Throws ``StoreError``; then nothing of any of
  /// them is stored.
  public func record(
    json bodies: [[UInt8]], in scope: Scope = .local
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    try checkWritable()
    let now = now
    // Repeated bodies are known by their hash alone; the others are read.
    let submitted = bodies.map { body -> Submission in
      if let repetition = repeatedBodies.repetition(of: body.span.bytes, in: scope, hash: hash) {
        return .repetition(repetition)
      }
      return .report(read(body, knownIn: scope, now: now))
    }
    let (submissions, results, learned) = try write { writer, transaction throws(StoreError) in
      var submissions = submitted
      var results: [Result<Receipt, ReportError>] = []
      writer.readContents = []
      var learned: [Range<Int>] = []
      for index in submissions.indices {
        let first = writer.readContents.count
        defer { learned.append(first..<writer.readContents.count) }
        if case .report(let report) = submissions[index],
          let refused = writer.refusal(of: report, in: scope)
        {
          results.append(.failure(refused))
          continue
        }
        let state = try writer.scope(scope, &transaction)
        results.append(
          try accept(&submissions[index], bodies[index], writer, state, now: now, &transaction))
      }
      return (
        submissions, results,
        Learned(
          generation: writer.meta.erasureGeneration, contents: writer.readContents,
          ranges: learned)
      )
    }
    remember(submissions, bodies, results, in: scope)
    learn(learned, submissions, bodies, in: scope)
    return results
  }

  /// A body on its way into the store.
  private enum Submission: Sendable {
    case repetition(RepeatedBodies.Repetition)
    case report(Result<CanonicalReport, ReportError>)
  }

  /// Reads a body; with the scope's known items, or all of it.
  private func read(
    _ body: [UInt8], knownIn scope: Scope?, now: Instant
  ) -> Result<CanonicalReport, ReportError> {
    reader.withLock { reader in
      let known = scope.map { reader.known(in: $0) }
      do throws(ReportError) {
        return .success(try reader.reader.read(body.span.bytes, known: known, now: now))
      } catch {
        return .failure(error)
      }
    }
  }

  private func accept(
    _ submission: inout Submission, _ body: [UInt8], _ writer: Writer, _ scope: ScopeState,
    now: Instant, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Result<Receipt, ReportError> {
    if case .repetition(let repetition) = submission {
      let receipt = try writer.accept(
        repetition, in: scope, now: now, limits: configuration.limits, &transaction)
      if let receipt { return .success(receipt) }
      submission = .report(read(body, knownIn: nil, now: now))
    }
    guard case .report(let read) = submission else { return .failure(Self.notRead) }
    switch read {
    case .failure(let error): return .failure(error)
    case .success(var report):
      if let known = report.knownGeneration, known != writer.meta.erasureGeneration {
        // Between reading and here an erasure has taken contents away.
        submission = .report(self.read(body, knownIn: nil, now: now))
        guard case .report(.success(let again)) = submission else { return .failure(Self.notRead) }
        report = again
      }
      return try writer.accept(report, in: scope, &transaction)
    }
  }

  private static let notRead = ReportError(.invalidRequest, "the report could not be read again")

  /// What the items that were read turned out to be.
  private struct Learned: Sendable {
    var generation: UInt64
    var contents: [ContentID]
    /// Those of each submission.
    var ranges: [Range<Int>]
  }

  /// Keeps the texts of items that are stored now.
  private func learn(
    _ learned: Learned, _ submissions: [Submission], _ bodies: [[UInt8]], in scope: Scope
  ) {
    guard !learned.contents.isEmpty else { return }
    reader.withLock { reader in
      let known = reader.known(in: scope)
      known.adopt(generation: learned.generation)
      for (index, submission) in submissions.enumerated() {
        guard case .report(.success(let report)) = submission else { continue }
        var contents = learned.contents[learned.ranges[index]].makeIterator()
        let body = bodies[index]
        for entry in report.entries {
          guard let content = entry.content else { continue }
          for item in content.readItems {
            guard let id = contents.next() else { break }
            known.learn(
              body.span.bytes.extracting(item.text), type: entry.type, content: id,
              occurrence: content.elements[item.element].occurrence)
          }
        }
      }
    }
  }

  /// Keeps fingerprints of what is now the newest of each node.
  private func remember(
    _ submissions: [Submission], _ bodies: [[UInt8]], _ results: [Result<Receipt, ReportError>],
    in scope: Scope
  ) {
    for (index, submission) in submissions.enumerated() {
      guard case .success(let receipt) = results[index], let sequence = receipt.sequence else {
        continue
      }
      switch submission {
      case .repetition(let repetition):
        repeatedBodies.renew(repetition, as: sequence.value, in: scope)
      case .report(.success(let report)):
        let body = bodies[index]
        repeatedBodies.remember(
          body.span.bytes, of: report, as: sequence.value, in: scope, hash: hash)
      case .report(.failure): break
      }
    }
  }

  private func commit(
    _ reports: [Result<CanonicalReport, ReportError>], in scope: Scope
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    var good: [(CanonicalReport, Scope)] = []
    for case .success(let report) in reports { good.append((report, scope)) }
    var stored = try commit(good).makeIterator()
    return reports.map { report in
      switch report {
      case .failure(let error): .failure(error)
      case .success: stored.next() ?? .failure(ReportError(.invalidRequest, "not stored"))
      }
    }
  }

  /// Stores reports in one durable transaction.
  func commit(
    _ reports: [(CanonicalReport, Scope)]
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    if reports.isEmpty { return [] }
    return try write { writer, transaction throws(StoreError) in
      var results: [Result<Receipt, ReportError>] = []
      for (report, scope) in reports {
        if let refused = writer.refusal(of: report, in: scope) {
          results.append(.failure(refused))
          continue
        }
        let state = try writer.scope(scope, &transaction)
        results.append(try writer.accept(report, in: state, &transaction))
      }
      return results
    }
  }

  /// Stores what happened to a node as a whole; terminated and deregistered end its inventory.
  @discardableResult
  public func recordNodeEvent(
    _ kind: NodeEventKind, node: NodeID, at time: Instant, tags: [Item.Attribute] = [],
    in scope: Scope = .local
  ) throws(StoreError) -> SequenceNumber {
    let valid = try Self.valid(time)
    return try write { writer, transaction throws(StoreError) in
      let state = try writer.scope(scope, &transaction)
      return SequenceNumber(
        try writer.record(
          kind, node: node, valid: valid, tags: tags, in: state, &transaction))
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

  /// Drops every projection and makes it again from the log; returns the records replayed.
  ///
  /// One transaction: until it is done, and after a crash, readers see the old projections.
  public func rebuild(progress: ((Int, Int) -> Void)? = nil) throws(StoreError) -> Int {
    try write { writer, transaction throws(StoreError) in
      writer.meta.catalogGeneration += 1
      return try writer.rebuild(&transaction, progress: progress)
    }
  }

  /// Runs one durable write transaction.
  func write<R: Sendable>(
    _ body: (Writer, inout WriteTransaction) throws(StoreError) -> R
  ) throws(StoreError) -> R {
    try checkWritable()
    let writer = writer
    return try writerLock.withLock { _ throws(StoreError) in
      try writer.transact { transaction throws(StoreError) in
        try body(writer, &transaction)
      }
    }
  }

  private func checkWritable() throws(StoreError) {
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
