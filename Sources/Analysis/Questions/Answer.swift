import HistoryStore
package import Inventory
package import JSONTape

/// An answer, or a page of one.
package struct Answer: Sendable {
  /// The rows, each an object with the question's columns as its members, in their order.
  package var rows: [JSONValue] = []
  /// The states, where those are asked for.
  package var states: [StateAnswer] = []
  /// Where it goes on; nil at the end.
  package var next: String?
  /// Rows that were left out because only the first ones were asked for.
  package var leftOut = 0
  /// What was compared, where states were.
  package var compared: ComparedStates?

  /// Whether it is about every scope of a store.
  package let isOfAllScopes: Bool

  package init(isOfAllScopes: Bool = false) { self.isOfAllScopes = isOfAllScopes }

  /// Whether the question is answered.
  package func isFound(_ question: Question) -> Bool {
    question.shape == .states ? states.contains(where: \.isFound) : question.isFound(rows)
  }
}

/// How well a comparison is founded, which its rows do not tell.
package struct ComparedStates: Sendable, Equatable {
  /// A state that was not observed.
  package struct Missing: Sendable, Equatable {
    package var node: String
    package var type: String
    package var knowledge: String
    package var at: Instant
  }

  /// Pairs of states that were both observed.
  package var count: Int
  /// Those that were not, up to ``missingMax``.
  package var missing: [Missing]
  /// How many more were not.
  package var unnamed = 0

  /// States that are named; of more it is no help to know which.
  package static let missingMax = 32

  init(_ found: [TypeDifference]) {
    count = found.count { $0.left.knowledge == .observed && $0.right.knowledge == .observed }
    let all = found.flatMap { [$0.left, $0.right] }.filter { $0.knowledge != .observed }
    missing = all.prefix(Self.missingMax).map {
      Missing(
        node: $0.node.text, type: $0.type.text, knowledge: $0.knowledge.rawValue, at: $0.at)
    }
    unnamed = all.count - missing.count
  }

  /// As a field of HTTP's header has it, with whatever is no plain text encoded.
  package func field(encoding: (String) -> String) -> String {
    ([String(count)]
      + missing.map {
        "\(encoding($0.node)) \(encoding($0.type)) \($0.knowledge) \($0.at)"
      } + (unnamed > 0 ? ["and \(unnamed) more"] : [])).joined(separator: ", ")
  }

  /// Reads ``field(encoding:)``; nil for any other text.
  package init?(field: String, decoding: (Substring) -> String?) {
    let parts = field.split(separator: ",").map { $0.drop { $0 == " " } }
    guard let first = parts.first, let count = Int(first) else { return nil }
    self.count = count
    missing = []
    for part in parts.dropFirst() {
      let words = part.split(separator: " ")
      if words.count == 3, words[0] == "and", let more = Int(words[1]) {
        unnamed = more
        continue
      }
      guard words.count == 4, let node = decoding(words[0]), let type = decoding(words[1]),
        let at = Instant(rfc3339: String(words[3]))
      else { return nil }
      missing.append(Missing(node: node, type: type, knowledge: String(words[2]), at: at))
    }
  }
}
