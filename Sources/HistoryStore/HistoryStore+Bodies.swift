public import Inventory
import LMDB
import Synchronization

extension HistoryStore {
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
    let accepted = try write { writer, transaction throws(StoreError) in
      var accepted = AcceptedBodies(submissions: submitted)
      for index in bodies.indices {
        writer.readContents = []
        accepted.results.append(
          try accept(
            &accepted.submissions[index], bodies[index], writer, in: scope, now: now,
            &transaction))
        accepted.readContents.append(writer.readContents)
      }
      accepted.generation = writer.meta.erasureGeneration
      return accepted
    }
    remember(accepted, bodies, in: scope)
    learn(accepted, bodies, in: scope)
    return accepted.results
  }

  /// A body on its way into the store.
  private enum Submission: Sendable {
    case repetition(RepeatedBodies.Repetition)
    case report(Result<CanonicalReport, ReportError>)
  }

  /// What became of bodies, each by its position.
  private struct AcceptedBodies: Sendable {
    var submissions: [Submission]
    var results: [Result<Receipt, ReportError>] = []
    /// The contents of the items that were read rather than known.
    var readContents: [[ContentID]] = []
    /// The generation of those contents.
    var generation: UInt64 = 0

    init(submissions: [Submission]) { self.submissions = submissions }
  }

  /// Reads a body; with what is known of the scope's items, or all of it.
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
    _ submission: inout Submission, _ body: [UInt8], _ writer: Writer, in scope: Scope,
    now: Instant, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Result<Receipt, ReportError> {
    switch submission {
    case .repetition(let repetition):
      let state = try writer.scope(scope, &transaction)
      let receipt = try writer.accept(
        repetition, in: state, now: now, limits: configuration.limits, &transaction)
      if let receipt { return .success(receipt) }
    case .report(.failure(let error)): return .failure(error)
    case .report(.success(let report)):
      let known = report.knownGeneration
      if known == nil || known == writer.meta.erasureGeneration {
        return try writer.accept(report, in: scope, &transaction)
      }
    }
    // What was known of it does not hold any more, so all of it is read.
    let read = read(body, knownIn: nil, now: now)
    submission = .report(read)
    switch read {
    case .failure(let error): return .failure(error)
    case .success(let report): return try writer.accept(report, in: scope, &transaction)
    }
  }

  /// Keeps the texts of items that are stored now.
  private func learn(_ accepted: AcceptedBodies, _ bodies: [[UInt8]], in scope: Scope) {
    reader.withLock { reader in
      // Even where nothing is learned: what is known of another generation is of no use.
      reader.known(in: scope).adopt(generation: accepted.generation)
      for (index, submission) in accepted.submissions.enumerated() {
        guard case .report(.success(let report)) = submission else { continue }
        let body = bodies[index]
        reader.learn(body.span.bytes, report, accepted.readContents[index], in: scope)
      }
    }
  }

  /// Keeps fingerprints of what is now the newest of each node.
  private func remember(_ accepted: AcceptedBodies, _ bodies: [[UInt8]], in scope: Scope) {
    for (index, submission) in accepted.submissions.enumerated() {
      guard case .success(let receipt) = accepted.results[index],
        let sequence = receipt.sequence
      else { continue }
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
}
