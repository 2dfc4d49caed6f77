import Questions
import HistoryStore
import JSONTape
import Synchronization

extension HistoryAPI {
  /// Silence after which a stream of events says that it is there.
  private static let heartbeat = Duration.seconds(15)

  /// The log, for whom the client waits, or a range of valid time.
  func changes(
    _ request: APIRequest, _ arguments: Arguments, _ reply: inout Route.Reply
  ) async throws -> Route.Found {
    let question = Question.changes
    var asked = arguments
    // The server waits without a place among the questions.
    asked.set("wait", 0)
    if arguments.hasRange {
      let range = asked
      let answer = try await request.look { try ask(question, range, request) }
      return try found(
        answer, Asked(question: question, arguments: arguments), request, &reply)
    }
    var after = arguments.text("after").flatMap { UInt64($0) } ?? 0
    if reply.format == .events {
      if let id = request.lastEventID.flatMap({ UInt64($0) }) { after = id }
      return .events(events(after: after, asked, request))
    }
    // The client has all up to the tag that it names, and asks whether there is more.
    if let tag = request.ifNoneMatch, let known = UInt64(tag.filter { $0 != "\"" }) {
      after = max(after, known)
    }
    let end = ContinuousClock.now + .seconds(arguments.integer("wait") ?? 0)
    while true {
      let page = try await page(after: after, asked, request)
      let last = page.next ?? "0"
      if !page.rows.isEmpty || ContinuousClock.now >= end || Task.isCancelled {
        reply.headers = [("ETag", "\"\(last)\"")]
        let found = try found(
          page, Asked(question: question, arguments: arguments), request, &reply)
        return page.rows.isEmpty && request.ifNoneMatch != nil ? .notModified : found
      }
      after = UInt64(last) ?? after
      // Cancelled means that the server stops: then there is nothing new.
      await feed.news(after: after, until: end)
    }
  }

  /// Changes after a log record, and the last record that was read for them.
  private func page(
    after: UInt64, _ arguments: Arguments, _ request: APIRequest
  ) async throws -> Answer {
    // Where there is nothing, no turn is needed to learn that.
    let newest = try store.lastSequence.value
    if newest <= after {
      var answer = Answer()
      answer.next = String(newest)
      return answer
    }
    var asked = arguments
    asked.goOn(after: String(after))
    let question = asked
    return try await request.look { try ask(.changes, question, request) }
  }

  /// Server-sent events: each change with the sequence number to go on from.
  ///
  /// Source of the format: WHATWG HTML, "Server-sent events".
  private func events(
    after start: UInt64, _ arguments: Arguments, _ request: APIRequest
  ) -> @Sendable () async throws -> [UInt8]? {
    let position = Mutex(start)
    return {
      let silence = ContinuousClock.now + Self.heartbeat
      while ContinuousClock.now < silence {
        let page = try await page(after: position.withLock { $0 }, arguments, request)
        let last = page.next.flatMap { UInt64($0) } ?? 0
        position.withLock { $0 = last }
        guard page.rows.isEmpty else { return Self.text(of: page.rows) }
        await feed.news(after: last, until: silence)
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
