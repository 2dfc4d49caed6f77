import Glibc
package import HistoryStore
package import Inventory
import PlainText

// How nodes are chosen and named by people: by id or host name, with the shell's patterns, and by tags.

extension Arguments {
  /// Which nodes a question about the fleet is about; nil for all.
  ///
  /// Tags are those at the time asked about, at the end of a range, else now. Costs with patterns every node's
  /// instance information, with tags every node's tags.
  func choice(_ reader: borrowing HistoryReader) throws -> NodeChoice? {
    let patterns = texts("node")
    let tags = texts("tag").map(TagPattern.init)
    guard !patterns.isEmpty || !tags.isEmpty else { return nil }
    let hostNames = patterns.isEmpty ? [:] : try reader.hostNames()
    var chosen: [Scope: Set<NodeID>] = [:]
    let known = tags.isEmpty ? [:] : try reader.tags(at: time("at") ?? time("to"))
    for (scope, node) in try reader.ids() {
      let names = [node.text] + [hostNames[scope]?[node]].compactMap(\.self)
      let list = known[scope]?[node]?.list ?? []
      guard patterns.isEmpty || patterns.contains(where: { names.contains(matching: $0) }),
        tags.allSatisfy({ $0.matches(list) })
      else { continue }
      chosen[scope, default: []].insert(node)
    }
    return { chosen[$0]?.contains($1) ?? false }
  }
}

extension HistoryReader {
  /// What nodes say that they are called.
  fileprivate func hostNames() throws(StoreError) -> [Scope: [NodeID: String]] {
    try values(of: "ComputerName", type: .instanceInformation)
  }

  /// The node that people mean by a text: the one of that id, else the only one of that host name, else the
  /// only one whose id begins so; else the text itself, of which nothing is known.
  ///
  /// A host name costs every node's instance information.
  package func meant(_ text: NodeID) throws -> NodeID {
    guard try number(of: text) == nil else { return text }
    var found = try hostNames().values.flatMap { names in
      names.filter { $0.value == text.text }.map(\.key)
    }.sorted()
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

/// A tag that nodes are chosen by.
private struct TagPattern {
  let name: String
  /// Nil for any.
  let value: String?

  /// Reads `name` or `name=pattern`.
  init(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    name = String(parts[0])
    value = parts.count > 1 ? String(parts[1]) : nil
  }

  func matches(_ tags: [Item.Attribute]) -> Bool {
    tags.contains { tag in
      tag.name == name && value.map { [tag.value].contains(matching: $0) } ?? true
    }
  }
}

extension [String] {
  /// Whether any matches a pattern of the shell.
  fileprivate func contains(matching pattern: String) -> Bool {
    contains { unsafe fnmatch(pattern, $0, 0) == 0 }
  }
}
