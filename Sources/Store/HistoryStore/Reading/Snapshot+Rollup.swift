import Inventory
import LMDB
import PackedBytes

extension Snapshot {
  /// Counts every content of a type that is held at a valid time, identity by identity.
  func rollup(
    _ row: TypeRow, _ scope: ScopeCatalog, at valid: UInt32
  ) throws(StoreError) -> (lines: [Rollup.StoredLine], pages: ContentPages) {
    var walk = RollupWalk(type: Key.type(scope.number, row.number), valid: valid)
    try view.rollup(tables.holders, &walk)
    let pages = try contents(
      walk.lines.map { StoredItem(content: $0.content, occurrence: .none) }, scope)
    return (walk.merged(pages), pages)
  }
}

extension Snapshot {
  /// Counts what some nodes held at a valid time, as known through a log record, and notes up to `someMax` nodes
  /// of each line.
  ///
  /// Costs the nodes' states.
  func rollup(
    _ series: (row: TypeRow, scope: ScopeCatalog), at valid: UInt32, known: UInt64,
    _ chosen: ChosenNodes, someMax: Int
  ) throws(StoreError) -> Rollup {
    let (row, scope) = series
    var counts: [ContentID: UInt32] = [:]
    var some: [ContentID: [NodeNumber]] = [:]
    var slots = SlotBuffer()
    let ids = try nodeIDs(scope, atLeast: .max)
    for node in ids.indices where ids[node] != nil && chosen[NodeNumber(node)] {
      try checkCancellation()
      let series = Series(scope: scope.number, node: NodeNumber(node), type: row.number)
      let (found, _) = try view.state(
        series, atOrBefore: Place(valid: valid, sequence: Key.sequenceMax), known: known,
        into: &slots, tables: tables)
      guard let found, !found.hasEnded else { continue }
      for item in slots.items {
        counts[item.content, default: 0] += 1
        let known = some[item.content] ?? []
        if known.count < someMax, known.last != NodeNumber(node) {
          some[item.content, default: []].append(NodeNumber(node))
        }
      }
    }
    let contents = counts.keys.sorted()
    let pages = try self.contents(
      contents.map { StoredItem(content: $0, occurrence: .none) }, scope)
    var lines: [Rollup.StoredLine] = []
    var nodes: [[NodeNumber]] = []
    var places: [[UInt8]: Int] = [:]
    for content in contents {
      // An identity's values hold no zero byte but at their ends, so a version behind them is told apart.
      let version = pages.value(of: "Version", in: content) ?? ""
      let key = pages.withBytes(content) { row.identity(of: $0) } + [0, 0] + Array(version.utf8)
      let count = counts[content] ?? 0
      if let place = places[key] {
        lines[place].nodes += count
        nodes[place] += some[content] ?? []
      } else {
        places[key] = lines.count
        lines.append(Rollup.StoredLine(content: content, nodes: count))
        nodes.append(some[content] ?? [])
      }
    }
    return Rollup(
      at: Instant(seconds: Int64(valid)), lines: lines, pages: pages,
      some: nodes.map { Array(Set($0).sorted().prefix(someMax)) })
  }

  /// The nodes that hold a content's identity in its version at a valid time, the first ones heard of.
  ///
  /// Costs the holders of the identity.
  func holders(
    like content: ContentID, _ row: TypeRow, _ scope: ScopeCatalog, at valid: UInt32, limit: Int
  ) throws(StoreError) -> [NodeNumber] {
    var pages = try contents([StoredItem(content: content, occurrence: .none)], scope)
    let version = pages.value(of: "Version", in: content) ?? ""
    let key = Key.identity(
      scope.number, row.number, pages.withBytes(content) { row.identity(of: $0) })
    let identity = try view.row(key, tables.identities) { bytes throws(PackedBytesError) in
      var reader = ByteReader(bytes)
      return try reader.varint32()
    }
    guard let identity else { throw .damaged("the identity of content \(content) is missing") }
    var set = HolderSet()
    try takeHolders(of: identity, row, scope, at: valid, into: &set)
    let held = set.contents
    try extend(&pages, with: held.map { StoredItem(content: $0, occurrence: .none) }, scope)
    let isWanted = held.map { (pages.value(of: "Version", in: $0) ?? "") == version }
    var nodes: Set<NodeNumber> = []
    set.forEach { node, index in if isWanted[index] { nodes.insert(node) } }
    return Array(nodes.sorted().prefix(limit))
  }
}

/// The lines of a roll-up while the lists of a type go by.
struct RollupWalk {
  /// Scope and type, as they begin every key.
  let type: [UInt8]
  let valid: UInt32
  private(set) var lines: [Rollup.StoredLine] = []
  /// Where the lines of each identity begin that has several.
  private var groups: [Range<Int>] = []
  private var tally = ContentTally()

  init(type: [UInt8], valid: UInt32) {
    self.type = type
    self.valid = valid
  }

  /// Takes a row of short lists.
  mutating func take(pool: RawSpan) throws(PackedBytesError) {
    var walk = self
    self = RollupWalk(type: [], valid: 0)
    defer { self = walk }
    var isAlone = false
    try PostingPool.forEach(in: pool, base: 0) { _, count in
      if !isAlone { walk.endList() }
      isAlone = count == 1
      return true
    } _: { posting in
      guard posting.valid <= walk.valid else { return }
      if !isAlone {
        walk.tally.take(posting)
      } else if posting.event.form == .added {
        walk.lines.append(Rollup.StoredLine(content: posting.event.a, nodes: 1))
      }
    }
    walk.endList()
  }

  /// Takes the row of a long list that the time falls into; false where it does not say what was
  /// held before it.
  mutating func take(
    row: RawSpan, startingAt start: Posting.Moment
  ) throws(PackedBytesError) -> Bool {
    var reader = ByteReader(row)
    let before = try ContentCounts(&reader)
    guard before.counts != nil else { return false }
    tally.take(before)
    _ = try tally.take(&reader, startingAt: start, upTo: valid) { _, _ in }
    endList()
    return true
  }

  /// Takes a long list whose rows do not say what was held before them.
  mutating func take(
    list: [UInt8], _ table: Database, _ view: TransactionView
  ) throws(StoreError) {
    _ = try view.forEachCount(list, table, from: valid, upTo: valid, &tally) { _, _ in }
    endList()
  }

  private mutating func endList() {
    guard !tally.counts.isEmpty else { return }
    let first = lines.count
    for (content, count) in zip(tally.table.contents, tally.counts) where count > 0 {
      lines.append(Rollup.StoredLine(content: content, nodes: UInt32(count)))
    }
    if lines.count > first + 1 { groups.append(first..<lines.count) }
    tally.removeAll()
  }

  /// The lines with those of one identity and version made one.
  func merged(_ pages: ContentPages) -> [Rollup.StoredLine] {
    guard !groups.isEmpty else { return lines }
    var result: [Rollup.StoredLine] = []
    result.reserveCapacity(lines.count)
    var next = 0
    for group in groups {
      result += lines[next..<group.lowerBound]
      next = group.upperBound
      var places: [String: Int] = [:]
      for line in lines[group].sorted(by: { $0.content < $1.content }) {
        let version = pages.value(of: "Version", in: line.content) ?? ""
        if let place = places[version] {
          result[place].nodes += line.nodes
        } else {
          places[version] = result.count
          result.append(line)
        }
      }
    }
    return result + lines[next...]
  }
}

extension TransactionView {
  /// Rows of one list that are passed over one by one; more are skipped by a search.
  private static let stepsMax = 8

  /// Goes through all lists of a type once, in order of their keys.
  func rollup(_ table: Database, _ walk: inout RollupWalk) throws(StoreError) {
    var cursor = try storeCursor(in: table)
    var isThere = try cursor.seek(atOrAfter: walk.type.rawSpan)
    while isThere, cursor.key.extracting(0..<4).isEqual(to: walk.type.rawSpan) {
      try checkCancellation()
      guard cursor.key.byteCount > 8 else {
        do throws(PackedBytesError) { try walk.take(pool: cursor.value) } catch {
          throw cursor.damaged(error)
        }
        isThere = try cursor.next()
        continue
      }
      let list = [UInt8](copying: cursor.key.extracting(0..<8))
      if try goToRow(&cursor, of: list, at: walk.valid) {
        var isTaken = false
        do throws(PackedBytesError) {
          if let moment = PostingRow.moment(in: cursor.key, of: list) {
            isTaken = try walk.take(row: cursor.value, startingAt: moment)
          }
        } catch { throw cursor.damaged(error) }
        if !isTaken { try walk.take(list: list, table, self) }
      }
      isThere = try goBehind(&cursor, list)
    }
  }

  /// Moves from a list's first row to the last that starts at or before a valid time; false where
  /// none does.
  private func goToRow(
    _ cursor: inout StoreCursor, of list: [UInt8], at valid: UInt32
  ) throws(StoreError) -> Bool {
    guard let first = PostingRow.moment(in: cursor.key, of: list), first.valid <= valid else {
      return false
    }
    for _ in 0..<Self.stepsMax {
      guard try cursor.next(), let moment = PostingRow.moment(in: cursor.key, of: list),
        moment.valid <= valid
      else { return try cursor.previous() }
    }
    let wanted = PostingRow.key(of: list, Posting.Moment(valid: valid, node: .max))
    return try cursor.seek(atOrBefore: wanted.rawSpan)
  }

  /// Moves to the first row behind a list.
  private func goBehind(_ cursor: inout StoreCursor, _ list: [UInt8]) throws(StoreError) -> Bool {
    for _ in 0..<Self.stepsMax {
      guard try cursor.next() else { return false }
      if PostingRow.moment(in: cursor.key, of: list) == nil { return true }
    }
    let end = PostingRow.key(of: list, .last)
    guard try cursor.seek(atOrAfter: end.rawSpan) else { return false }
    return PostingRow.moment(in: cursor.key, of: list) == nil ? true : try cursor.next()
  }
}
