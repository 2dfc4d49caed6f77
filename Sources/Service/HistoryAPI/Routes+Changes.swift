import Questions
import HistoryStore
import Inventory
import JSONTape
import Synchronization

extension HistoryAPI {
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
      let found = try await request.look {
        let changes = try store.changes(from: from, to: to, in: request.scope)
        return FeedPage(changes: changes.prefix(limit).map(\.json), last: 0)
      }
      return .list(found.changes, columns: Change.columns)
    }
    var after = UInt64(arguments.integer("after") ?? 0)
    if reply.format == .events {
      if let id = request.lastEventID.flatMap({ UInt64($0) }) { after = id }
      return .events(events(after: after, request))
    }
    // The client has all up to the tag that it names, and asks whether there is more.
    if let tag = request.ifNoneMatch, let known = UInt64(tag.filter { $0 != "\"" }) {
      after = max(after, known)
    }
    let end = ContinuousClock.now + .seconds(arguments.integer("wait") ?? 0)
    while true {
      let page = try await page(after: after, limit: limit, request)
      reply.headers = [("ETag", "\"\(page.last)\""), ("X-Stocktake-Next", String(page.last))]
      if !page.changes.isEmpty { return .list(page.changes, columns: Change.columns) }
      guard ContinuousClock.now < end, !Task.isCancelled else {
        return request.ifNoneMatch != nil ? .notModified : .list([], columns: Change.columns)
      }
      after = page.last
      // Cancelled means that the server stops: then there is nothing new.
      await feed.news(after: after, until: end)
      if Task.isCancelled { continue }
    }
  }

  /// Changes after a log record, and the last record that was read for them.
  private func page(
    after: UInt64, limit: Int, _ request: APIRequest
  ) async throws -> FeedPage {
    // Where there is nothing, no turn is needed to learn that.
    let newest = try store.lastSequence.value
    if newest <= after { return FeedPage(changes: [], last: newest) }
    return try await request.look {
      // Read before the page: what is recorded meanwhile belongs to the next.
      let newest = try store.lastSequence.value
      // A position beyond the newest record counts as the newest.
      let start = SequenceNumber(min(after, newest))
      let changes = try store.changes(after: start, limit: limit, in: request.scope)
      let last = changes.last?.sequence.value
      return FeedPage(
        changes: changes.map(\.json),
        last: changes.count >= limit ? last ?? newest : max(last ?? 0, newest))
    }
  }

  /// Server-sent events: each change with the sequence number to go on from.
  ///
  /// Source of the format: WHATWG HTML, "Server-sent events".
  private func events(
    after start: UInt64, _ request: APIRequest
  ) -> @Sendable () async throws -> [UInt8]? {
    let position = Mutex(start)
    return {
      let silence = ContinuousClock.now + Self.heartbeat
      while ContinuousClock.now < silence {
        let page = try await page(
          after: position.withLock { $0 }, limit: Self.limitStandard, request)
        position.withLock { $0 = page.last }
        guard page.changes.isEmpty else { return Self.text(of: page.changes) }
        await feed.news(after: page.last, until: silence)
        try Task.checkCancellation()
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
