package import HistoryStore
package import Inventory
package import JSONTape

/// A state with those of its items that were asked for.
package struct StateAnswer {
  package var state: InventoryState
  package var items: [Item]
  /// Whether ``items`` were chosen by a pattern, so that none of them is no answer.
  package var isFiltered: Bool
  /// What each source says, where that was asked for.
  package var sources: [SourceClaim]?

  /// Whether this answers the question.
  package var isFound: Bool { state.knowledge == .observed && (!isFiltered || !items.isEmpty) }

  /// The documented JSON form.
  package var json: JSONValue {
    let value = state.json(items: items)
    guard let sources, case .object(let members) = value else { return value }
    return .object(members + [.init("sources", .array(sources.map(\.json)))])
  }

  /// Takes a state and the items that were chosen.
  package init(
    state: InventoryState, items: [Item], isFiltered: Bool, sources: [SourceClaim]? = nil
  ) {
    self.state = state
    self.items = items
    self.isFiltered = isFiltered
    self.sources = sources
  }

  /// The attributes of the items: what names them first, then the documented order.
  package static func attributeNames(_ items: [Item], of type: TypeName) -> [String] {
    var seen: Set<String> = []
    for item in items { for attribute in item.attributes { seen.insert(attribute.name) } }
    var names: [String] = []
    let definition = TypeDefinition.of(type)
    var leading = ["Name", "Id", "Version"]
    if case .attributes(let identity) = definition.identity { leading += identity }
    for name in leading + definition.attributes where seen.remove(name) != nil {
      names.append(name)
    }
    return names + seen.sorted()
  }

  /// One record per item, led by what is known of its state.
  package static func csv(_ answers: [StateAnswer]) -> [UInt8] {
    let heading = [
      "node", "type", "at", "knownAt", "observedAt", "lastConfirmed", "nextObserved", "knowledge",
    ]
    var names: [String] = []
    for answer in answers {
      for name in attributeNames(answer.items, of: answer.state.type) where !names.contains(name) {
        names.append(name)
      }
    }
    var out: [UInt8] = []
    CSV.append(heading + names, to: &out)
    for answer in answers {
      let facts = answer.state.heading.map { CSV.field($0.value) }
      for item in answer.items { CSV.append(facts + names.map { item[$0] ?? "" }, to: &out) }
    }
    return out
  }
}
