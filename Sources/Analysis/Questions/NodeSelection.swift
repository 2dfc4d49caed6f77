import Glibc
package import HistoryStore
package import Inventory
import PlainText

// How nodes are chosen and named by people: by id or host name, with the shell's patterns, by tags, and by
// what they say of themselves.

extension Parameter {
  /// What a question about the fleet chooses nodes by.
  static let nodeChoice = [nodes, tags, wheres]
}

extension Arguments {
  /// Whether it is about some nodes only.
  var choosesNodes: Bool { Parameter.nodeChoice.contains { !texts($0.name).isEmpty } }

  /// Which nodes a question about the fleet is about; nil for all.
  ///
  /// Tags are those at the time asked about, at the end of a range, else now. Costs with patterns or conditions
  /// every node's instance information, with tags every node's tags.
  func choice(_ reader: borrowing HistoryReader) throws -> NodeChoice? {
    guard choosesNodes else { return nil }
    let selection = try NodeSelection(self, reader)
    var chosen: [Scope: Set<NodeID>] = [:]
    let known =
      texts(Parameter.tags.name).isEmpty ? [:] : try reader.tags(at: time("at") ?? time("to"))
    for (scope, node) in try reader.ids()
    where try selection.contains(node, in: scope, tags: known[scope]?[node]?.list ?? [], reader) {
      chosen[scope, default: []].insert(node)
    }
    return { chosen[$0]?.contains($1) ?? false }
  }
}

/// Which nodes are meant.
private struct NodeSelection {
  private let patterns: [String]
  private let tags: [Condition]
  private let conditions: [Condition]

  init(_ arguments: Arguments, _ reader: borrowing HistoryReader) throws {
    patterns = arguments.texts(Parameter.nodes.name)
    tags = arguments.texts(Parameter.tags.name).map(Condition.init)
    conditions = arguments.texts(Parameter.wheres.name).map(Condition.init)
    try check(reader)
  }

  /// Names an attribute that no node has: most likely it is misspelled.
  private func check(_ reader: borrowing HistoryReader) throws {
    guard !conditions.isEmpty else { return }
    let known = try reader.attributes(of: .instanceInformation)
    guard !known.isEmpty else { return }
    for condition in conditions where !known.contains(condition.name) {
      throw StoreError(
        .invalidQuestion,
        "no node has an attribute \"\(condition.name.onOneLine)\" of AWS:InstanceInformation; there are "
          + known.joined(separator: ", ").onOneLine)
    }
  }

  func contains(
    _ node: NodeID, in scope: Scope, tags list: [Item.Attribute],
    _ reader: borrowing HistoryReader
  ) throws -> Bool {
    guard tags.allSatisfy({ $0.matches(list) }) else { return false }
    guard !patterns.isEmpty || !conditions.isEmpty else { return true }
    let information = try reader.information(of: node, in: scope)
    guard conditions.allSatisfy({ $0.matches(information?.attributes ?? []) }) else { return false }
    let names = [node.text, information?["ComputerName"]].compactMap(\.self)
    return patterns.isEmpty || patterns.contains { names.contains(matching: $0) }
  }
}

/// A name, with a pattern of values.
private struct Condition {
  let name: String
  /// Nil for any.
  let value: String?

  /// Reads `name` or `name=pattern`.
  init(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    value = parts.count > 1 ? String(parts[1]) : nil
  }

  func matches(_ attributes: [Item.Attribute]) -> Bool {
    attributes.contains { attribute in
      attribute.name == name && value.map { [attribute.value].contains(matching: $0) } ?? true
    }
  }
}

extension HistoryReader {
  /// Which nodes a list has: those that are chosen, and have been silent for as long as is asked.
  func nodeFilter(_ arguments: Arguments) throws -> (NodeSummary) -> Bool {
    let choice = try arguments.choice(self)
    guard let seconds = arguments.integer("silent") else {
      return { choice?($0.scope, $0.node) ?? true }
    }
    let since = arguments.now.advanced(bySeconds: -Int64(seconds))
    var silent: [Scope: Set<NodeID>] = [:]
    var quiet: [(scope: Scope, node: NodeID)] = []
    try forEachLife { scope, node, status, seen in
      if !status.isEnd, seen.map({ $0 <= since }) ?? true { quiet.append((scope, node)) }
    }
    for (scope, node) in quiet {
      let ping = try ping(of: node, in: scope).map { Instant(milliseconds: $0.time) }
      if ping.map({ $0 <= since }) ?? true { silent[scope, default: []].insert(node) }
    }
    return { node in
      silent[node.scope]?.contains(node.node) ?? false
        && choice?(node.scope, node.node) ?? true
    }
  }

  /// The node that people mean by a text: the one of that id, else the only one of that host name, else the
  /// only one whose id begins so; else the text itself, of which nothing is known.
  ///
  /// A host name costs every node's instance information.
  package func meant(_ text: NodeID) throws -> NodeID {
    guard try number(of: text) == nil else { return text }
    var found: [NodeID] = []
    for (scope, node) in try ids()
    where try information(of: node, in: scope)?["ComputerName"] == text.text {
      found.append(node)
    }
    found.sort()
    if found.isEmpty {
      // Behind the text itself come those that begin with it.
      try forEachNode(after: text.text) { node, _ in
        guard node.text.hasPrefix(text.text), found.count <= Self.meantMax else { return false }
        found.append(node)
        return true
      }
    }
    guard found.count > 1 else { return found.first ?? text }
    let shown = found.prefix(Self.meantMax).map(\.text).joined(separator: ", ")
    throw StoreError(
      .invalidQuestion,
      "\"\(text.text.onOneLine)\" can be \(shown)\(found.count > Self.meantMax ? ", …" : ""): name one of them"
    )
  }

  /// Nodes that are named where a text can mean several.
  private static var meantMax: Int { 5 }
}

extension [String] {
  /// Whether any matches a pattern of the shell.
  fileprivate func contains(matching pattern: String) -> Bool {
    contains { unsafe fnmatch(pattern, $0, 0) == 0 }
  }
}
