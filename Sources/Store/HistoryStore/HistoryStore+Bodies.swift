public import Inventory
import LMDB

extension HistoryStore {
  /// Stores the JSON body of a PutInventory request durably, sharing the flush with whatever is
  /// stored at the same time.
  ///
  /// Returns after the flush. Throws `ReportError` where the report is refused, or
  /// ``StoreError``; either way nothing of it is stored. Of many that arrive at once only as many as
  /// two groups hold are read at a time, the others wait for them; a task that is cancelled while it
  /// waits for that throws `CancellationError`, and nothing is stored. Later a cancelled task is
  /// answered as any other.
  ///
  /// Reads the body on the thread pool that runs tasks, beside other bodies and beside the writer,
  /// whatever actor it is called from.
  @concurrent
  public func record(json body: [UInt8], in scope: Scope = .local) async throws -> Receipt {
    try checkWritable()
    return try await committer.commit(to: self) {
      reader.submission(of: body, in: scope, now: now)
    }
  }

  /// Stores the JSON body of a PutInventory request as ``record(json:in:)->Receipt`` does, if it is
  /// admitted: the closure throws what refuses it.
  @concurrent
  package func record(
    json body: [UInt8], in scope: Scope, admitting admit: @Sendable (Reported) throws -> Void
  ) async throws -> Receipt {
    try checkWritable()
    return try await committer.commit(to: self) {
      let submission = reader.submission(of: body, in: scope, now: now)
      if let reported = Reported(submission, reader) { try admit(reported) }
      return submission
    }
  }

  /// Stores the JSON bodies of PutInventory requests in one durable transaction: the fast path.
  ///
  /// A refused one leaves no trace, the others stay. Throws ``StoreError``; then nothing of any of
  /// them is stored. Waits for the disk: from asynchronous code use ``record(json:in:)->Receipt``, which
  /// reads bodies on all cores as well.
  public func record(
    json bodies: [[UInt8]], in scope: Scope = .local
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    try checkWritable()
    var unread = Unread(bodies: bodies[...], scope: scope, now: now)
    var submitted = unread.read(Self.newsProbe, by: reader)
    if !submitted.contains(where: \.isMostlyNew) {
      submitted += unread.read(bodies.count, by: reader)
    }
    return try commit(submitted, then: unread)
  }

  /// Bodies of a group by which it is seen whether they are new to the store, as a fleet's first are.
  private static let newsProbe = 4

  /// Bodies that are not read yet.
  struct Unread: Sendable {
    var bodies: ArraySlice<[UInt8]>
    let scope: Scope
    let now: Instant

    /// Reads the next ones.
    mutating func read(_ count: Int, by reader: BodyReader) -> [Submission] {
      defer { bodies = bodies.dropFirst(count) }
      return bodies.prefix(count).map { reader.submission(of: $0, in: scope, now: now) }
    }
  }

  /// Stores reports in one durable transaction, and notes what makes later bodies cheap.
  ///
  /// New bodies are alike more often than not. So those of `unread` are read within the transaction, a
  /// few and then more at a time, when the texts of those before are known already.
  ///
  /// A report for which something has to be read that is damaged fails alone; then there may be several
  /// transactions.
  func commit(
    _ submitted: [Submission], then unread: Unread? = nil
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    if submitted.isEmpty { return [] }
    let progress = CommitProgress()
    while true {
      progress.hasBegun = false
      progress.index = nil
      do throws(StoreError) { return try commit(submitted, then: unread, progress) } catch {
        guard error.code == .damaged, progress.hasBegun else { throw error }
        guard let failing = progress.index else {
          var rest = unread
          let all = submitted + (rest?.read(.max, by: reader) ?? [])
          return try commitInHalves(all, progress.failures, error)
        }
        progress.failures[failing] = .damaged(error)
      }
    }
  }

  /// Stores reports in two transactions: postings that all of them share in one do not say whose
  /// report has met what is damaged.
  private func commitInHalves(
    _ all: [Submission], _ failures: [Int: ReportError], _ error: StoreError
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    let rest = all.indices.filter { failures[$0] == nil }
    var results = failures.mapValues { Result<Receipt, ReportError>.failure($0) }
    if rest.count == 1 {
      results[rest[0]] = .failure(.damaged(error))
    } else {
      for half in [rest[..<(rest.count / 2)], rest[(rest.count / 2)...]] {
        for (index, result) in zip(half, try commit(half.map { all[$0] })) {
          results[index] = result
        }
      }
    }
    return all.indices.compactMap { results[$0] }
  }

  private func commit(
    _ submitted: [Submission], then unread: Unread?, _ progress: CommitProgress
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    let accepted = try write { writer, transaction throws(StoreError) in
      progress.hasBegun = true
      var accepted = Accepted(submissions: submitted)
      accepted.results.reserveCapacity(submitted.count + (unread?.bodies.count ?? 0))
      try accept(&accepted, progress, writer, &transaction)
      // A copy: where the map was too small, all of this is done again.
      var rest = unread
      while rest?.bodies.isEmpty == false {
        learn(&accepted, writer)
        accepted.submissions += rest?.read(accepted.submissions.count, by: reader) ?? []
        try accept(&accepted, progress, writer, &transaction)
      }
      accepted.generation = writer.contentGeneration
      return accepted
    }
    remember(accepted)
    reader.learn(
      accepted.submissions[accepted.learnedCount...], generation: accepted.generation)
    return accepted.results
  }

  /// What ``record(_:in:)`` would answer, of which nothing is stored.
  ///
  /// Runs the writer's transaction and ends it without a commit: it waits for other writers as that does,
  /// and throws where the store cannot be written. Each call begins with what is stored.
  package func rehearse(
    _ reports: [Report], in scope: Scope = .local
  ) throws(StoreError) -> [Result<Receipt, ReportError>] {
    let submissions = reports.map { submission(of: $0, in: scope, now: now) }
    var results: [Result<Receipt, ReportError>]?
    do throws(StoreError) {
      try write { writer, transaction throws(StoreError) in
        var accepted = Accepted(submissions: submissions)
        try accept(&accepted, CommitProgress(), writer, &transaction)
        results = accepted.results
        throw StoreError(.cancelled, "a rehearsal is not committed")
      }
    } catch {
      guard let results, error.code == .cancelled else { throw error }
      return results
    }
    return results ?? []
  }

  /// Accepts those that have no result yet.
  private func accept(
    _ accepted: inout Accepted, _ progress: CommitProgress, _ writer: Writer,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    for index in accepted.results.count..<accepted.submissions.count {
      if let failure = progress.failures[index] {
        accepted.results.append(.failure(failure))
        continue
      }
      progress.index = index
      writer.readContents = []
      accepted.results.append(try accept(&accepted.submissions[index], writer, &transaction))
      accepted.submissions[index].readContents = writer.readContents
    }
    progress.index = nil
  }

  /// Learns the texts of what is accepted, though it is not committed: should it fail, the generation
  /// of contents is another one.
  private func learn(_ accepted: inout Accepted, _ writer: Writer) {
    reader.learn(
      accepted.submissions[accepted.learnedCount...], generation: writer.contentGeneration)
    accepted.learnedCount = accepted.submissions.count
  }

  /// What became of reports, each by its position.
  private struct Accepted: Sendable {
    var submissions: [Submission]
    var results: [Result<Receipt, ReportError>] = []
    /// The generation of their contents.
    var generation: UInt64 = 0
    /// Those whose texts are learned.
    var learnedCount = 0

    init(submissions: [Submission]) { self.submissions = submissions }
  }

  /// How far a transaction of several reports has come.
  private final class CommitProgress {
    /// Whether the writer could begin: what fails before is no report's.
    var hasBegun = false
    /// The report that is being accepted.
    var index: Int?
    /// Reports that cannot be stored, by their positions.
    var failures: [Int: ReportError] = [:]
  }

  private func accept(
    _ submission: inout Submission, _ writer: Writer, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Result<Receipt, ReportError> {
    let scope = submission.scope
    switch submission.content {
    case .repetition(let repetition):
      let state = try writer.scope(scope, &transaction)
      let receipt = try writer.accept(
        repetition, in: state, now: submission.now, limits: configuration.limits, &transaction)
      if let receipt { return .success(receipt) }
    case .refused(let error): return .failure(error)
    case .report(let report, _):
      let known = report.knownGeneration
      if known == nil || known == writer.contentGeneration {
        return try writer.accept(report, in: scope, &transaction)
      }
    }
    // What was known of it does not hold any more, so all of it is read.
    submission.content = reader.readAll(submission.body ?? [], now: submission.now)
    switch submission.content {
    case .report(let report, _): return try writer.accept(report, in: scope, &transaction)
    case .refused(let error): return .failure(error)
    case .repetition: throw .damaged("a body that was read is no repetition")
    }
  }

  /// Keeps fingerprints of what is now the newest of each node.
  private func remember(_ accepted: Accepted) {
    for index in accepted.submissions.indices where accepted.submissions[index].body != nil {
      guard case .success(let receipt) = accepted.results[index],
        let sequence = receipt.sequence?.value
      else { continue }
      let scope = accepted.submissions[index].scope
      switch accepted.submissions[index].content {
      case .repetition(let repetition):
        repeatedBodies.renew(repetition, as: sequence, in: scope)
      case .report(let report, let fingerprint):
        repeatedBodies.remember(fingerprint, of: report, as: sequence, in: scope)
      case .refused: break
      }
    }
  }
}

extension ReportError {
  /// What has to be read of a node and type is damaged.
  static func damaged(_ error: StoreError) -> ReportError {
    let what = error.damage?.text(naming: false) ?? error.message
    var named = ReportError(
      .historyDamaged, "what is stored cannot be read: \(what); run verify, then rebuild",
      type: error.damage?.type?.text)
    named.node = error.damage?.node?.text
    return named
  }
}
