package import Inventory
import LMDB
import PackedBytes

// Tags are an inventory, AWS:Tag: an observation says all that a node has. Programs before 0.2 wrote those of
// the command line as node events; until they are carried over (`OldTags`), readers add them.

extension HistoryReader {
  /// The tags that a node had at the moment, as was said of it by then; none of what was not known.
  package func toldTags(of node: NodeID, number: UInt32) throws(StoreError) -> Tags {
    guard let scope = asked.flatMap({ snapshot.scope($0) }) else { return Tags() }
    let known = KnownNode(node, number, scope)
    let state = try snapshot.state(known, Tags.type, moment, known: self.known)
    var tags = Tags(items: state.items)
    if let row = try snapshot.row(of: known) {
      tags.merge(try snapshot.uncarriedTags(known, row, at: moment.at))
    }
    return tags
  }

  /// The tags of each node by which it is chosen: those that it had at a valid time, or has where that is nil.
  ///
  /// Where nobody had said anything of them by then, or as known at the moment, those that it has now; where
  /// its inventory had ended, those that it had last. Nodes without any are left out. Costs every node's row
  /// and its state of AWS:Tag.
  package func tags(at: Instant?) throws(StoreError) -> [Scope: [NodeID: Tags]] {
    var found: [Scope: [NodeID: Tags]] = [:]
    for scope in scopes {
      try snapshot.forEachNode(of: scope) { number, row throws(StoreError) in
        let node = KnownNode(NodeID(stored: row.id), number, scope)
        let tags = try tags(node, row, at: at)
        if !tags.list.isEmpty { found[scope.scope, default: [:]][node.id] = tags }
      }
    }
    return found
  }

  func tags(_ node: KnownNode, _ row: NodeRow, at: Instant?) throws(StoreError) -> Tags {
    let old = try snapshot.uncarriedTags(node, row, at: at)
    guard let series = node.tagSeries,
      try snapshot.view.hasTimeline(series, tables: snapshot.tables)
    else { return old }
    let time = Moment(at: at, knownAt: moment.knownAt)
    var told = try snapshot.lastTags(node, series, time, known: known)
    if told == nil { told = try snapshot.lastTags(node, series, Moment(), known: .max) }
    var tags = told ?? Tags()
    tags.merge(old)
    return tags
  }
}

extension Snapshot {
  /// What is known of a node as a whole.
  func row(of node: KnownNode) throws(StoreError) -> NodeRow? {
    try view.row(Key.number(node.scope.number, node.number), tables.nodes) {
      bytes throws(PackedBytesError) in try NodeRow(bytes)
    }
  }

  /// The tags of the last observation at or before a moment, ended since or not; nil where there is none.
  fileprivate func lastTags(
    _ node: KnownNode, _ series: Series, _ moment: Moment, known: UInt64
  ) throws(StoreError) -> Tags? {
    var moment = moment
    while true {
      let state = try state(node, Tags.type, moment, known: known)
      if state.knowledge == .observed { return Tags(items: state.items) }
      let limit = moment.at.map { UInt32(clamping: $0.seconds) } ?? .max
      let end = try view.findState(
        series, atOrBefore: Place(valid: limit, sequence: Key.sequenceMax), known: known,
        tables: tables)
      guard let end, end.hasEnded, end.place.valid > 0 else { return nil }
      moment.at = Instant(seconds: Int64(end.place.valid) - 1)
    }
  }

  /// The tags of a row that are in no observation of AWS:Tag yet, where they count at a valid time.
  fileprivate func uncarriedTags(
    _ node: KnownNode, _ row: NodeRow, at: Instant?
  ) throws(StoreError) -> Tags {
    guard at.map({ $0.seconds >= Int64(row.tagsValid) }) ?? true,
      try hasUncarriedTags(node, row)
    else { return Tags() }
    return Tags(stored: row.tags)
  }

  /// Whether a node's row has tags that are in no observation of AWS:Tag.
  func hasUncarriedTags(_ node: KnownNode, _ row: NodeRow) throws(StoreError) -> Bool {
    guard !row.tags.isEmpty else { return false }
    guard let series = node.tagSeries,
      let source = node.scope.sources.firstIndex(of: OldTags.source)
    else { return true }
    var isCarried = false
    let first = Place(valid: row.tagsValid, sequence: 0)
    try view.walkStates(series, from: first, tables: tables) { state in
      guard state.place.valid == row.tagsValid else { return false }
      isCarried = Int(state.source) == source + 1
      return !isCarried
    }
    return !isCarried
  }
}

extension KnownNode {
  /// The timeline of its tags; nil where the scope has no tags at all.
  var tagSeries: Series? {
    scope.typeNumbers[Tags.type].map {
      Series(scope: scope.number, node: number, type: $0)
    }
  }
}
