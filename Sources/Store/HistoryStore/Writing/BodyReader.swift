import Digests
import Inventory
import PackedBytes
import Synchronization

/// What reads bodies, on any number of threads, and the items whose text it knows, by scope.
final class BodyReader: Sendable {
  private let limits: ReportLimits
  private let hash: KeyedHash
  private let repeatedBodies: RepeatedBodies
  private let known = Mutex<[Scope: KnownItems]>([:])
  /// Readers that nobody uses now.
  private let idle = Mutex<[ReportReader]>([])

  /// Scopes whose items are remembered; beyond it all are forgotten together.
  private static let scopesMax = 64
  /// Readers that are kept for their buffers.
  private static let idleMax = 16

  /// Bytes that are kept of all texts together; beyond it all are forgotten.
  static let knownByteCountMax = 256 << 20

  init(limits: ReportLimits, hash: KeyedHash, repeatedBodies: RepeatedBodies) {
    self.limits = limits
    self.hash = hash
    self.repeatedBodies = repeatedBodies
  }

  /// The known items of a scope.
  func known(in scope: Scope) -> KnownItems {
    known.withLock { known in
      if let items = known[scope] { return items }
      if known.count >= Self.scopesMax { known.removeAll() }
      let items = KnownItems(hash: hash)
      known[scope] = items
      return items
    }
  }

  /// Reads a body; one that repeats the node's last is known by its hash alone.
  func submission(of body: [UInt8], in scope: Scope, now: Instant) -> Submission {
    let content: Submission.Content =
      switch repeatedBodies.look(for: body.rawSpan, in: scope, hash: hash) {
      case .repetition(let repetition): .repetition(repetition)
      case .unknown(let fingerprint):
        read(body, known(in: scope), now: now, guess: fingerprint)
      }
    return Submission(body: body, scope: scope, now: now, content: content)
  }

  /// Reads all of a body, whatever is known of its items.
  func readAll(_ body: [UInt8], now: Instant) -> Submission.Content {
    read(body, nil, now: now, guess: nil)
  }

  private func read(
    _ body: [UInt8], _ known: KnownItems?, now: Instant, guess: BodyFingerprint?
  ) -> Submission.Content {
    let reader = idle.withLock { $0.popLast() } ?? ReportReader(limits: limits, hash: hash)
    defer { idle.withLock { if $0.count < Self.idleMax { $0.append(reader) } } }
    do throws(ReportError) {
      let report = try reader.read(body.rawSpan, known: known, now: now)
      return .report(
        report,
        RepeatedBodies.fingerprint(of: body.rawSpan, report, hash: hash, guess: guess))
    } catch {
      return .refused(error)
    }
  }

  /// Learns the texts of items that were read, and that are stored now as contents of a generation.
  func learn(_ submissions: ArraySlice<Submission>, generation: UInt64) {
    var scopes: [Scope] = []
    for index in submissions.indices where submissions[index].body != nil {
      if scopes.last == submissions[index].scope { continue }
      if !scopes.contains(submissions[index].scope) { scopes.append(submissions[index].scope) }
    }
    for scope in scopes {
      let items = known(in: scope)
      let fresh = submissions.indices.filter {
        !submissions[$0].readContents.isEmpty && submissions[$0].scope == scope
      }
      // What is known of another generation is of no use, even where nothing is learned.
      if fresh.isEmpty && items.isOf(generation: generation) { continue }
      forgetIfFull()
      items.updating(to: generation) {
        for index in fresh { Self.learn(submissions[index], items) }
      }
    }
  }

  private func forgetIfFull() {
    let all = known.withLock { Array($0.values) }
    guard all.reduce(0, { $0 + $1.byteCount }) > Self.knownByteCountMax else { return }
    for items in all { items.removeAll() }
  }

  private static func learn(_ submission: Submission, _ items: KnownItems) {
    guard let body = submission.body, case .report(let report, _) = submission.content else {
      return
    }
    var next = submission.readContents.makeIterator()
    for entry in report.entries {
      guard let content = entry.content else { continue }
      for item in content.readItems {
        guard let id = next.next() else { return }
        items.learn(
          body.rawSpan.extracting(item.text), type: entry.type, content: id,
          occurrence: content.elements[item.element].occurrence)
      }
    }
  }
}
