package import HistoryStore
package import Inventory
package import JSONTape

/// A state with those of its items that were asked for.
package struct StateAnswer: Sendable {
  /// Items as they are at hand.
  private enum Items: Sendable {
    /// Those of the store, whose text it keeps.
    case stored(ItemList)
    case chosen([Item])
  }

  /// What was asked and how well the answer is founded.
  package let facts: [JSONValue.Member]
  private let kept: Items
  /// Whether the items were chosen by a pattern, so that none of them is no answer.
  package let isFiltered: Bool
  /// What each source says, where that was asked for.
  package let sources: [JSONValue]?

  init(
    _ state: InventoryState, chosen: [Item]?, sources: [SourceClaim]?
  ) {
    facts = InventoryState.columns.members(state)
    kept = chosen.map { .chosen($0) } ?? .stored(state.items)
    isFiltered = chosen != nil
    self.sources = sources.map { $0.map(SourceClaim.columns.object) }
  }

  /// Takes the documented JSON form.
  package init(json: JSONValue, isFiltered: Bool) {
    facts = json.members.filter { $0.name != "items" && $0.name != "sources" }
    kept = .chosen(
      json["items"]?.elements.map { row in
        Item(row.members.map { (key: $0.name, value: $0.value.text ?? "") })
      } ?? [])
    self.isFiltered = isFiltered
    sources = json["sources"]?.elements
  }

  /// A fact by its name; nil where there is none.
  package subscript(name: String) -> JSONValue? { JSONValue.object(facts)[name] }

  /// The type.
  package var type: TypeName { TypeName(stored: self["type"]?.text ?? "") }

  /// The items, decoded.
  package var items: [Item] {
    switch kept {
    case .stored(let list): Array(list)
    case .chosen(let items): items
    }
  }

  /// How well the answer is founded.
  package var knowledge: Knowledge {
    self["knowledge"]?.text.flatMap { Knowledge(rawValue: $0) } ?? .unknown
  }

  /// Whether this answers the question.
  package var isFound: Bool {
    guard knowledge == .observed, isFiltered, case .chosen(let items) = kept else {
      return knowledge == .observed
    }
    return !items.isEmpty
  }

  /// The state with its items in the order for people, for whatever shows it.
  package var sorted: StateAnswer {
    StateAnswer(self, items: items.sortedForPeople())
  }

  private init(_ other: StateAnswer, items: [Item]) {
    facts = other.facts
    kept = .chosen(items)
    isFiltered = other.isFiltered
    sources = other.sources
  }

  /// The documented JSON form.
  package var json: JSONValue {
    .object(
      facts + [.init("items", .array(items.map { .item($0) }))]
        + (sources.map { [.init("sources", .array($0))] } ?? []))
  }

  /// As ``json`` on one line; where all items are wanted, their text is copied and not made anew.
  package func write(to body: inout [UInt8]) {
    guard case .stored(let list) = kept else { return json.write(to: &body) }
    JSONValue.object(facts).write(to: &body)
    body.removeLast()
    body += ",\"items\":".utf8
    list.appendJSON(to: &body)
    if let sources {
      body += ",\"sources\":".utf8
      JSONValue.array(sources).write(to: &body)
    }
    body.append(UInt8(ascii: "}"))
  }

  /// The attributes of the items: what names them first, then the documented order.
  package static func attributeNames(_ items: [Item], of type: TypeName) -> [String] {
    var seen: Set<String> = []
    for item in items { for attribute in item.attributes { seen.insert(attribute.name) } }
    return ordered(seen, of: type)
  }

  /// Attributes of a type in that order.
  static func ordered(_ attributes: some Sequence<String>, of type: TypeName) -> [String] {
    var seen = Set(attributes)
    var names: [String] = []
    let definition = TypeDefinition.of(type)
    var leading = ["Name", "Id", "Version"]
    if case .attributes(let identity) = definition.identity { leading += identity }
    for name in leading + definition.attributes where seen.remove(name) != nil {
      names.append(name)
    }
    return names + seen.sorted()
  }

  /// The facts that lead the records of CSV.
  package static let leading = [
    "node", "type", "at", "knownAt", "observedAt", "lastConfirmed", "nextObserved", "knowledge",
  ]

  /// One record per item, led by what is known of its state; one without an item of a state that has none,
  /// for unknown, erased and empty are not the same.
  package static func csv(_ answers: [StateAnswer]) -> [UInt8] {
    let decoded = answers.map { (answer: $0, items: $0.items) }
    var names: [String] = []
    for (answer, items) in decoded {
      for name in attributeNames(items, of: answer.type) where !names.contains(name) {
        names.append(name)
      }
    }
    var out: [UInt8] = []
    CSV.append(leading + names, to: &out)
    for (answer, items) in decoded {
      let facts = leading.map { CSV.field(answer[$0]) }
      for item in items { CSV.append(facts + names.map { item[$0] ?? "" }, to: &out) }
      if items.isEmpty, !(answer.isFiltered && answer.knowledge == .observed) {
        CSV.append(facts + names.map { _ in "" }, to: &out)
      }
    }
    return out
  }
}

extension InventoryState {
  /// What is told of a state beside its items.
  static let columns = Columns<InventoryState>([
    .init("node", .text, "The node.") { .string($0.node.text) },
    .init("type", .text, "The inventory type.") { .string($0.type.text) },
    .init("at", .time, "The valid time that is answered for.") { .time($0.at) },
    .init("knownAt", .time, "The recorded time that is answered for.", null: "all that is known") {
      .time($0.knownAt)
    },
    .init(
      "observedAt", .time, "The valid time of the observation that answers.", null: "none does"
    ) { .time($0.observedAt) },
    .init(
      "lastConfirmed", .time, "The latest statement since that nothing had changed.", null: "none"
    ) { .time($0.lastConfirmed) },
    .init(
      "nextObserved", .time, "The valid time of the first observation after `at`.", null: "none yet"
    ) { .time($0.nextObserved) },
    .init("knowledge", .text, "`observed`, `unknown` or `erased`.") {
      .string($0.knowledge.rawValue)
    },
    .init("schemaVersion", .text, "The schema version of the observation.", null: "none answers") {
      .text($0.schemaVersion)
    },
    .init("imported", .flag, "Whether the observation was imported.") { .bool($0.isImported) },
    .init("source", .text, "What it was imported from.", null: "the node's own report") {
      .text($0.source?.name)
    },
    .init("itemCount", .integer, "Items of the whole state, also where `name` chooses some.") {
      .count($0.items.count)
    },
  ])
}

extension SourceClaim {
  /// What each source of a state says.
  package static let columns = Columns<SourceClaim>([
    .init("source", .text, "What the source is called; `reported` for the node itself.") {
      .string($0.source?.name ?? "reported")
    },
    .init("standing", .text, "`answers`, `agrees`, `older` or `contradicts`.") {
      .string($0.standing.rawValue)
    },
    .init("observedAt", .time, "The valid time of its newest observation by then.") {
      .time($0.observedAt)
    },
    .init("nextObserved", .time, "The valid time of its next one.", null: "none yet") {
      .time($0.nextObserved)
    },
    .init("sequence", .integer, "The record of the log that has the observation.") {
      .integer(Int64(clamping: $0.sequence.value))
    },
    .init("itemCount", .integer, "Its items.") { .count($0.itemCount) },
    .init("differences", .list("SourceDifference"), "What makes the answer's items into its own.") {
      .array($0.differences.map(Difference.columns.object))
    },
  ])
}

extension Difference {
  /// What one difference is, wherever it is shown.
  package static let columns = Columns<Difference>([
    .init("change", .text, "`added`, `changed` or `removed`.") { .string($0.kind.rawValue) },
    .init("identity", .item(.identifying), "The attributes that identify the item.") {
      .item($0.identity)
    },
    .init("old", .item(.all), "The item before.", null: "it was not there") { .item($0.old) },
    .init("new", .item(.all), "The item after.", null: "it is not there any more") {
      .item($0.new)
    },
  ])
}
