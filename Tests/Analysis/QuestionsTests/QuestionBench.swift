import Foundation
import HistoryStore
import Inventory
import JSONTape
import Testing
import Times

@testable import Questions

/// A store with a clock that stands still, to ask questions of, at a time of its own.
final class QuestionBench {
  private let directory = NSTemporaryDirectory() + "questions-\(UUID().uuidString)"
  let store: HistoryStore
  let source: StoreSource
  /// 3 March 2026, the first moment of the fleet.
  static let start = Instant(seconds: 1_772_496_000)
  /// The present: ten days later.
  static let now = start.advanced(bySeconds: 10 * 86_400)
  /// By how much later it is asked.
  var secondsPassed: Int64 = 0

  init() throws {
    var configuration = HistoryStore.Configuration()
    configuration.clock = { Self.now.milliseconds }
    store = try HistoryStore(path: directory, configuration: configuration)
    source = StoreSource(store, .local)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// Records the applications that a node has at a day of the fleet.
  func record(_ node: String, day: Int64, _ content: [Item]) throws {
    try record(node, day: day, .application, content)
  }

  /// Records what a node has of a type.
  func record(_ node: String, day: Int64, _ type: TypeName, _ content: [Item]) throws {
    let entry = Report.Entry(
      type: type, captureTime: Self.start.advanced(bySeconds: day * 86_400), content: content)
    for result in try store.record([Report(node: try NodeID(node), entries: [entry])]) {
      _ = try result.get()
    }
  }

  static func day(_ day: Int64) -> String { start.advanced(bySeconds: day * 86_400).description }

  func arguments(_ question: Question, _ given: [String: [String]]) throws -> Arguments {
    try Arguments(
      question, given,
      Arguments.Reading(
        times: TimeParser(zone: .utc, now: Self.now.advanced(bySeconds: secondsPassed)),
        hasDurations: true))
  }

  func ask(_ question: Question, _ given: [String: [String]] = [:]) throws -> Answer {
    try source.ask(question, try arguments(question, given))
  }

  /// All rows, page by page, as texts of some members.
  func rows(
    _ question: Question, _ given: [String: [String]] = [:], _ members: String...
  ) throws -> [String] {
    var arguments = try arguments(question, given)
    var found: [String] = []
    while true {
      let answer = try source.ask(question, arguments)
      found += answer.rows.map { row in
        members.map { row[$0].map(Self.text) ?? "-" }.joined(separator: " ")
      }
      guard let next = answer.next, !answer.rows.isEmpty else { return found }
      arguments.goOn(after: next)
    }
  }

  /// A value as CSV has it, but for lists, which are JSON.
  private static func text(_ value: JSONValue) -> String {
    if case .array = value { value.compact } else { CSV.field(value) }
  }
}
