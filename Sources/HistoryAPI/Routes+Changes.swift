import Answers
import HistoryStore
import Inventory
import JSONTape
import Synchronization

extension HistoryAPI {
  /// How often a waiting client's question is asked again.
  private static let pollPause = Duration.milliseconds(100)
  /// Silence after which a stream of events says that it is there.
  private static let heartbeat = Duration.seconds(15)

  func changes(
    _ request: APIRequest, _ arguments: Arguments, _ reply: inout Route.Reply
  ) async throws -> Route.Found {
    let range = try arguments.range()
    let limit = arguments.integer("limit") ?? Self.limitStandard
    if range.from != nil || range.to != nil {
      guard arguments.text("after") == nil else {
        throw APIError.bad("after reads the log, from and to a range of valid time: not both")
      }
      let (from, to) = (range.from ?? Instant(seconds: 0), range.to ?? store.now)
      guard from < to else { throw APIError.bad("the range is empty") }
      let changes = try store.changes(from: from, to: to, in: request.scope)
      return .list(changes.prefix(limit).map(\.json), columns: Change.columns)
    }
    var after = UInt64(arguments.integer("after") ?? 0)
    if reply.format == .events {
      if let id = request.lastEventID.flatMap({ UInt64($0) }) { after = id }
      return .events(events(after: after, request.scope))
    }
    // The client has all up to the tag that it names, and asks whether there is more.
    if let tag = request.ifNoneMatch, let known = UInt64(tag.filter { $0 != "\"" }) {
      after = max(after, known)
    }
    let end = ContinuousClock.now + .seconds(arguments.integer("wait") ?? 0)
    while true {
      let page = try page(after: after, limit: limit, request.scope)
      reply.headers = [("ETag", "\"\(page.last)\""), ("X-Stocktake-Next", String(page.last))]
      if !page.changes.isEmpty { return .list(page.changes, columns: Change.columns) }
      guard ContinuousClock.now < end, !Task.isCancelled else {
        return request.ifNoneMatch != nil ? .notModified : .list([], columns: Change.columns)
      }
      after = page.last
      // Cancelled means that the server stops: then there is nothing new, once more.
      try? await Task.sleep(for: Self.pollPause)
    }
  }

  /// Changes after a log record, and the last record that was read for them.
  private func page(
    after: UInt64, limit: Int, _ scope: Scope
  ) throws -> (changes: [JSONValue], last: UInt64) {
    // Read before the page: what is recorded meanwhile belongs to the next.
    let newest = try store.lastSequence.value
    // Who asks behind the end is at the end.
    let start = SequenceNumber(min(after, newest))
    let changes = try store.changes(after: start, limit: limit, in: scope)
    let last = changes.last?.sequence.value
    return (
      changes.map(\.json), changes.count >= limit ? last ?? newest : max(last ?? 0, newest)
    )
  }

  /// Server-sent events: each change with the sequence number to go on from.
  ///
  /// Source of the format: WHATWG HTML, "Server-sent events".
  private func events(
    after start: UInt64, _ scope: Scope
  ) -> @Sendable () async throws -> [UInt8]? {
    let position = Mutex(start)
    return {
      let silence = ContinuousClock.now + Self.heartbeat
      while ContinuousClock.now < silence {
        let page = try page(
          after: position.withLock { $0 }, limit: Self.limitStandard, scope)
        position.withLock { $0 = page.last }
        guard page.changes.isEmpty else { return Self.text(of: page.changes) }
        try await Task.sleep(for: Self.pollPause)
      }
      return Array(": still here\n\n".utf8)
    }
  }

  /// A record's number goes with its last change: who stops within it gets all of it again.
  private static func text(of changes: [JSONValue]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, change) in changes.enumerated() {
      let sequence = change["sequence"]?.whole
      let next = index + 1 < changes.count ? changes[index + 1]["sequence"]?.whole : nil
      if let sequence, sequence != next { bytes += "id: \(sequence)\n".utf8 }
      bytes += "event: change\ndata: ".utf8
      change.write(to: &bytes)
      bytes += "\n\n".utf8
    }
    return bytes
  }
}

extension JSONValue {
  fileprivate var whole: Int64? {
    if case .integer(let number) = self { number } else { nil }
  }
}
