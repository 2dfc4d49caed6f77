import Inventory
import LMDB
import PackedBytes

/// Tags that programs before 0.2 wrote for the command line: node events, of which a row of `nodes` has the newest.
///
/// A writer that opens the store carries them over to AWS:Tag, where Systems Manager's tags always were. Each
/// state of a node is then what either of the two said: an event and an observation at different times add
/// up, and where both have a name, the one said later in valid time counts.
struct OldTags {
  /// Whose observations those are that were made of events.
  static let source = Report.Source("node-events", tellsEveryChange: false)

  /// Reports that are recorded in one transaction.
  private static let batch = 1000

  private let store: HistoryStore

  init(_ store: HistoryStore) { self.store = store }

  /// Carries over what is in no observation yet: once after a program of before has written.
  ///
  /// Costs a walk over the rows of nodes, and a walk over the log where any has such tags. Again, or by two
  /// processes at once, it records nothing more, for a source that repeats itself is not recorded. A node whose
  /// tags an observation cannot hold is left: readers go on taking them from its row.
  func carry() throws(StoreError) {
    for (scope, nodes) in try nodes() {
      let events = try events(of: Set(nodes.map(\.number)), scope)
      var reports: [Report] = []
      for node in nodes {
        reports += try self.reports(of: node, events[node.number] ?? [:], scope)
        guard reports.count >= Self.batch else { continue }
        _ = try store.record(reports, in: scope.scope)
        reports = []
      }
      _ = try store.record(reports, in: scope.scope)
    }
  }

  private struct Node {
    var id: NodeID
    var number: NodeNumber
  }

  /// The nodes with tags to carry over.
  private func nodes() throws(StoreError) -> [(ScopeCatalog, [Node])] {
    try store.read { snapshot throws(StoreError) in
      var found: [(ScopeCatalog, [Node])] = []
      for scope in snapshot.catalog.scopes.values {
        var nodes: [Node] = []
        try snapshot.forEachNode(of: scope) { number, row throws(StoreError) in
          let node = KnownNode(NodeID(stored: row.id), number, scope)
          guard try snapshot.hasUncarriedTags(node, row) else { return }
          nodes.append(Node(id: node.id, number: number))
        }
        if !nodes.isEmpty { found.append((scope, nodes)) }
      }
      return found
    }
  }

  /// What the events of nodes say, by valid time: of one time the last.
  private func events(
    of nodes: Set<NodeNumber>, _ scope: ScopeCatalog
  ) throws(StoreError) -> [NodeNumber: [UInt32: Tags]] {
    try store.read { snapshot throws(StoreError) in
      var events: [NodeNumber: [UInt32: Tags]] = [:]
      var key = Key.log(scope.number, 0)
      while let stored = try snapshot.view.nextRecord(after: key, tables: snapshot.tables),
        stored.scope == scope.number
      {
        key = stored.key
        guard LogRecord.isNodeEvent(stored.bytes),
          case .nodeEvent(let event) = try stored.decoded(in: snapshot.tables.log).body,
          event.kind == .tagged, nodes.contains(event.node)
        else { continue }
        events[event.node, default: [:]][event.valid] = Tags(stored: event.tags)
      }
      return events
    }
  }

  /// What a node's tags were from the first event on, whoever said so, each time as a report.
  private func reports(
    of node: Node, _ events: [UInt32: Tags], _ scope: ScopeCatalog
  ) throws(StoreError) -> [Report] {
    guard let first = events.keys.min() else { return [] }
    return try store.ask(scope.scope) { reader throws(StoreError) in
      let observed = try reader.snapshot.tagPlaces(
        KnownNode(node.id, node.number, scope), from: first)
      var reports: [Report] = []
      for valid in Set(events.keys).union(observed).sorted() {
        let time = Instant(seconds: Int64(valid))
        let said = events.filter { $0.key <= valid }.max { $0.key < $1.key }
        guard let (at, event) = said else { continue }
        let state = try reader.snapshot.state(
          KnownNode(node.id, node.number, scope), Tags.type, Moment(at: time), known: .max)
        var tags = Tags(items: state.items)
        if let other = state.observedAt, other.seconds > Int64(at) {
          let newer = tags
          tags = event
          tags.merge(newer)
        } else {
          tags.merge(event)
        }
        let entry = Report.Entry(type: Tags.type, captureTime: time, content: tags.items)
        reports.append(Report(node: node.id, entries: [entry], origin: .imported(Self.source)))
      }
      return reports
    }
  }
}

extension Snapshot {
  /// The valid times from one on at which a node's tags were observed by others.
  fileprivate func tagPlaces(
    _ node: KnownNode, from first: UInt32
  ) throws(StoreError) -> Set<UInt32> {
    guard let series = node.tagSeries else { return [] }
    var places: Set<UInt32> = []
    try view.walkStates(series, from: Place(valid: first, sequence: 0), tables: tables) { state in
      if !state.hasEnded { places.insert(state.place.valid) }
      return true
    }
    return places
  }
}
