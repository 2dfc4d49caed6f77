import HistoryStore
import Inventory

/// The filters of a question, which a node must all fulfil; with what was seen of contents already.
///
/// Those of one type must hold in one row together, so that "Name = openssl" and "Version begins
/// with 3.0" means a package. Where all filters of a type are NotEqual, no row may equal.
struct NodeCondition {
  private struct TypeCondition {
    var type: TypeName
    var filters: [InventoryFilter]
    var memo = ContentMemo()
    /// Whether a filter looks at what differs from one occurrence of a content to the next.
    var readsOccurrences: Bool

    var forbids: Bool { filters.allSatisfy { $0.comparison == .notEqual } }

    func holds(_ row: Item) -> Bool {
      forbids
        ? filters.contains { $0.isForbidden(row) } : filters.allSatisfy { $0.matches(row) }
    }
  }

  private var conditions: [TypeCondition] = []

  init(_ filters: [InventoryFilter]) {
    for filter in filters {
      let isOccurrence = TypeDefinition.of(filter.type).occurrenceAttributes
        .contains(filter.attribute)
      if let known = conditions.firstIndex(where: { $0.type == filter.type }) {
        conditions[known].filters.append(filter)
        conditions[known].readsOccurrences = conditions[known].readsOccurrences || isOccurrence
      } else {
        conditions.append(
          TypeCondition(type: filter.type, filters: [filter], readsOccurrences: isOccurrence))
      }
    }
  }

  /// Whether a node fulfils all of it.
  mutating func matches(_ view: NodeView, _ reader: borrowing HistoryReader) throws -> Bool {
    for index in conditions.indices {
      let type = conditions[index].type
      let found: Bool
      if type == .instanceInformation {
        found = conditions[index].holds(view.information)
      } else {
        let items = try reader.state(of: view.node, number: view.number, type: type).items
        let condition = conditions[index]
        if condition.readsOccurrences {
          found = items.contains { condition.holds($0) }
        } else {
          found = items.contains(&conditions[index].memo) { condition.holds($0) }
        }
      }
      if found == conditions[index].forbids { return false }
    }
    return true
  }

  /// The only nodes that can fulfil it, in order of their ids; nil where that is not known before
  /// looking at them.
  func candidates(_ reader: borrowing HistoryReader) throws -> [NodeID]? {
    for condition in conditions {
      for filter in condition.filters where filter.comparison == .equal {
        if condition.type == .instanceInformation {
          guard filter.attribute == "InstanceId" else { continue }
          return Set(filter.values).compactMap { try? NodeID($0) }
            .sorted { SystemsManager.precedes($0.text, $1.text) }
        }
        let found = try reader.candidates(
          attribute: filter.attribute, values: filter.values, type: condition.type)
        if let found {
          return found.sorted { SystemsManager.precedes($0.text, $1.text) }
        }
      }
    }
    return nil
  }
}
