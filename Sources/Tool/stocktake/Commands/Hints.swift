import Inventory
import JSONTape
import PlainText
import Questions
import Times

/// What is said beside an empty answer: what the question may have meant, and the way out of a store that has
/// nothing.
///
/// It is asked of the same store or server, a few pages at most.
struct Hints {
  /// Ids of nodes that a mistyped one is compared with: those that begin like it, and as many more.
  private static let nodesMax = 10_000
  /// Scopes that are named.
  private static let scopesMax = 5

  private let source: any QuestionSource

  init(_ source: any QuestionSource) { self.source = source }

  /// A part of a sentence that follows what was not found; empty where there is nothing to say.
  func text(_ question: Question, _ arguments: Arguments) -> String {
    // An answer that has been given is not spoilt by a hint that cannot be.
    guard let any = try? ask(.nodes, ["limit": "1"]) else { return "" }
    if any.isEmpty { return emptiness }
    for name in ["id", "other"] {
      if let node = arguments.node(name), let hint = try? self.node(node.text), !hint.isEmpty {
        return hint
      }
    }
    return arguments.type.flatMap { try? type($0.text) } ?? ""
  }

  /// What may have been meant by a node that is not there; empty for one that is.
  func node(_ text: String) throws -> String {
    guard try ask(.nodes, ["node": text.asPattern, "limit": "1"]).isEmpty else { return "" }
    let start = String(text.prefix(1))
    var ids = try self.ids(after: start)
    if ids.count < Self.nodesMax { ids += try self.ids(after: nil) }
    return didYouMean(text, among: ids)
  }

  private func ids(after start: String?) throws -> [String] {
    var given = ["limit": String(min(Self.nodesMax, source.rowsMax))]
    given["after"] = start
    return try ask(.nodes, given).compactMap { $0["node"]?.text }
  }

  /// What may have been meant by a type of which nothing is there; empty for one that is.
  func type(_ text: String) throws -> String {
    let known = try ask(.types, [:]).compactMap { $0["type"]?.text }
    guard !known.contains(text) else { return "" }
    return didYouMean(text, among: known + TypeDefinition.spellings)
  }

  /// Attributes that no item of a type has had, each with what may have been meant.
  func unknownAttributes(_ attributes: [String], of type: String) throws -> [String] {
    guard let row = try ask(.types, [:]).first(where: { $0["type"]?.text == type }) else {
      return []
    }
    let known = row["attributes"]?.texts ?? []
    return attributes.filter { !known.contains($0) }.map {
      "no item of \(type) has had an attribute \"\($0.onOneLine)\"" + didYouMean($0, among: known)
    }
  }

  private var emptiness: String {
    var nodes: [String: Int] = [:]
    for row in (try? everywhere()) ?? [] {
      guard let account = row["account"]?.text, let region = row["region"]?.text else { continue }
      nodes["\(account)/\(region)", default: 0] += 1
    }
    guard !nodes.isEmpty else {
      return
        "; \"stocktake collect\" records this machine's inventory, \"stocktake ingest FILE\" reports"
    }
    let shown = nodes.sorted { $0.key < $1.key }.prefix(Self.scopesMax)
      .map { "\($0.key) (\(counted($0.value, "node")))" }
    return "; there are nodes in \(shown.joined(separator: ", "))"
      + (nodes.count > shown.count ? ", …" : "") + ": see --account, --region and --all-scopes"
  }

  /// The nodes of all scopes, where it is a store that is asked.
  private func everywhere() throws -> [JSONValue] {
    guard let store = source as? StoreSource else { return [] }
    return try ask(.nodes, [:], of: store.ofAllScopes)
  }

  private func ask(
    _ question: Question, _ given: [String: String], of other: StoreSource? = nil
  ) throws -> [JSONValue] {
    let reading = Arguments.Reading(times: TimeParser(zone: .utc, now: .now))
    return try (other ?? source).page(question, Arguments(question, given, reading)).rows
  }
}
