import Inventory

/// Puts changes together to states, one report after the other.
struct OsqueryStates: IteratorProtocol {
  private let changes: [OsqueryChange]
  private let node: NodeID
  private var position = 0
  /// How often each item is there, by type and query; nil for a query of which that is not known.
  private var rows: [TypeName: [String: [Item: Int]?]] = [:]
  /// What was said last.
  private var said: [TypeName: [Item]] = [:]

  init(_ changes: [OsqueryChange], node: NodeID) {
    self.changes = changes.sorted {
      ($0.instant, $0.position) < ($1.instant, $1.position)
    }
    self.node = node
  }

  /// The time of the first state.
  var firstInstant: Instant? {
    var copy = self
    return copy.next()?.entries.first?.captureTime
  }

  mutating func next() -> Report? {
    while position < changes.count {
      let instant = changes[position].instant
      var touched: [TypeName: String] = [:]
      while position < changes.count, changes[position].instant == instant {
        let change = changes[position]
        apply(change)
        touched[change.type] = change.schemaVersion
        position += 1
      }
      var entries: [Report.Entry] = []
      for (type, version) in touched.sorted(by: { $0.key < $1.key }) {
        let queries = rows[type] ?? [:]
        // A type that several queries tell of is known where each of them is.
        guard queries.values.allSatisfy({ $0 != nil }) else {
          said[type] = nil
          continue
        }
        let items = Set(queries.values.flatMap { ($0 ?? [:]).keys }).sorted(by: Item.precedes)
        guard said[type] != items else { continue }
        said[type] = items
        entries.append(
          Report.Entry(
            type: type, schemaVersion: version, captureTime: instant, content: items))
      }
      if !entries.isEmpty {
        return Report(node: node, entries: entries, origin: .imported(.osquery))
      }
    }
    return nil
  }

  private mutating func apply(_ change: OsqueryChange) {
    var queries = rows[change.type] ?? [:]
    defer { rows[change.type] = queries }
    switch change.kind {
    case .unknown: queries.updateValue(nil, forKey: change.query)
    case .reset(let items):
      queries.updateValue(
        Dictionary(grouping: items) { $0 }.mapValues(\.count), forKey: change.query)
    case .change(let added, let removed):
      guard var held = queries[change.query] ?? nil else { return }
      for item in removed {
        let count = held[item] ?? 0
        held[item] = count > 1 ? count - 1 : nil
      }
      for item in added { held[item, default: 0] += 1 }
      queries.updateValue(held, forKey: change.query)
    }
  }
}
