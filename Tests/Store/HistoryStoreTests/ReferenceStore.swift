import Inventory

@testable import HistoryStore

// The definition of docs/architecture.md, section 1, in plain Swift: no packing, no deltas, no
// projections; every question walks all that was recorded of one node and type.

/// One inventory type of one node.
struct SeriesName: Hashable {
  var scope: Scope
  var node: NodeID
  var type: TypeName
}

/// One thing recorded of a series.
struct Recorded {
  enum Kind: Equatable {
    /// The whole content: numbers of items, sorted.
    case observation([Int])
    case unchanged
    /// Nothing is known from here on.
    case ended
  }

  var valid: Int64
  var sequence: UInt64
  var recordedTime: Int64
  var kind: Kind
  /// nil for what the node reported.
  var source: Report.Source?
  var schemaVersion = ""
  var contentHash: String?

  /// Whether it says what is there, or that nothing is known.
  var isState: Bool { kind != .unchanged }

  var content: [Int] {
    if case .observation(let items) = kind { return items }
    return []
  }
}

/// A store that keeps whole contents in a list.
struct ReferenceStore {
  var items = ItemNumbers()
  /// What was recorded, in order of valid time, then of recording.
  var series: [SeriesName: [Recorded]] = [:]
  var rules: [Scope: [TypeName: TypeRow.Rule]] = [:]
  var nodes: [Scope: [NodeID: ReferenceNode]] = [:]
  var versions: [Scope: [TypeName: [String]]] = [:]
  var deletions: [Scope: [TypeName: Int64]] = [:]
  var declared: [Scope: Set<TypeName>] = [:]
  var lastSequence: UInt64 = 0
  /// Each record's time and series, to replay the feed of changes.
  var records: [UInt64: [(name: SeriesName, valid: Int64)]] = [:]
  private(set) var recordedTimes: [Int64] = []

  // MARK: Recording

  /// The receipt, or nil where the report is refused.
  mutating func accept(_ report: Report, in scope: Scope, at recorded: Int64) -> Receipt? {
    for entry in report.entries where entry.content == nil {
      let name = SeriesName(scope: scope, node: report.node, type: entry.type)
      let newest = (series[name] ?? []).last { $0.isState }
      guard let newest, newest.kind != .ended, newest.contentHash != nil,
        newest.contentHash == entry.contentHash
      else { return nil }
    }
    open(scope)
    let sequence = lastSequence + 1
    var receipt = Receipt(
      sequence: nil, node: report.node, itemCount: 0, changeCount: 0, duplicateCount: 0)
    for entry in report.entries {
      let name = SeriesName(scope: scope, node: report.node, type: entry.type)
      let content = entry.content.map { $0.map { items.number(of: $0) }.sorted() }
      receipt.itemCount += content?.count ?? 0
      var valid = entry.captureTime.seconds
      if content == nil, let newest = (series[name] ?? []).last(where: { $0.isState }) {
        // A statement is about the newest observation, so it cannot be older.
        valid = max(valid, newest.valid)
      }
      let new = Recorded(
        valid: valid, sequence: sequence, recordedTime: recorded,
        kind: content.map { .observation($0) } ?? .unchanged,
        source: report.origin.source, schemaVersion: entry.schemaVersion,
        contentHash: entry.contentHash)
      if isKnown(new, in: name) {
        receipt.duplicateCount += 1
        continue
      }
      insert(new, into: name)
      records[sequence, default: []].append((name, new.valid))
      receipt.sequence = SequenceNumber(sequence)
      guard let content else { continue }
      noteType(entry, content, scope)
      for group in changes(name, from: new.valid, to: new.valid + 1, knownAt: nil) {
        receipt.changeCount += max(group.old.count, group.new.count)
      }
    }
    if receipt.sequence != nil { lastSequence = sequence }
    note(report.node, in: scope, at: recorded)
    nodes[scope]?[report.node]?.lastSeen = recorded
    return receipt
  }

  /// Whether its source said the same last of its valid time; for a statement, whether
  /// one was made at its valid time since the state directly before it.
  private func isKnown(_ new: Recorded, in name: SeriesName) -> Bool {
    let before = (series[name] ?? []).filter { $0.valid <= new.valid }
    let state = before.lastIndex { $0.isState }
    if new.isState {
      // What this source said last of the valid time, unless the inventory ended behind it.
      let here = before.filter { $0.isState && $0.valid == new.valid }
      let sinceEnd = here.lastIndex { $0.kind == .ended }.map { here[($0 + 1)...] } ?? here[...]
      return sinceEnd.last { $0.source == new.source }?.kind == new.kind
    }
    let since = state.map { before[($0 + 1)...] } ?? before[...]
    return since.contains { $0.kind == .unchanged && $0.valid == new.valid }
  }

  private mutating func insert(_ new: Recorded, into name: SeriesName) {
    let list = series[name] ?? []
    let index = (list.lastIndex { $0.valid <= new.valid } ?? -1) + 1
    series[name, default: []].insert(new, at: index)
  }

  private mutating func open(_ scope: Scope) {
    guard nodes[scope] == nil else { return }
    nodes[scope] = [:]
    lastSequence += 1
  }

  private mutating func note(_ node: NodeID, in scope: Scope, at recorded: Int64) {
    if nodes[scope]?[node] == nil {
      nodes[scope]?[node] = ReferenceNode(firstRecorded: recorded)
    }
    if recordedTimes.last != recorded { recordedTimes.append(recorded) }
  }

  private mutating func noteType(_ entry: Report.Entry, _ content: [Int], _ scope: Scope) {
    if versions[scope]?[entry.type]?.contains(entry.schemaVersion) != true {
      versions[scope, default: [:]][entry.type, default: []].append(entry.schemaVersion)
    }
    guard rules[scope]?[entry.type] == nil else { return }
    switch TypeDefinition.of(entry.type).identity {
    case .attributes(let names): rules[scope, default: [:]][entry.type] = .attributes(names)
    case .singleton: rules[scope, default: [:]][entry.type] = .singleton
    case .wholeItem:
      guard !content.isEmpty else { return }
      let found = ["Name", "Id"].first { name in
        let values = content.map { items[$0][name] ?? "" }
        return !values.contains("") && Set(values.map { Array($0.utf8) }).count == values.count
      }
      rules[scope, default: [:]][entry.type] = found.map { .attributes([$0]) } ?? .wholeItem
    }
  }

  mutating func recordNodeEvent(
    _ kind: NodeEventKind, node: NodeID, valid: Int64, in scope: Scope, at recorded: Int64
  ) {
    open(scope)
    lastSequence += 1
    note(node, in: scope, at: recorded)
    nodes[scope]?[node]?.take(kind, valid: valid)
    guard kind == .terminated || kind == .deregistered else { return }
    for name in series.keys where name.scope == scope && name.node == node {
      end(name, valid: valid, at: recorded)
    }
  }

  mutating func delete(_ type: TypeName, valid: Int64, in scope: Scope, at recorded: Int64) {
    lastSequence += 1
    if recordedTimes.last != recorded { recordedTimes.append(recorded) }
    deletions[scope, default: [:]][type] = max(deletions[scope]?[type] ?? 0, valid)
    for name in series.keys where name.scope == scope && name.type == type {
      end(name, valid: valid, at: recorded)
    }
  }

  private mutating func end(_ name: SeriesName, valid: Int64, at recorded: Int64) {
    let state = series[name]?.last { $0.isState && $0.valid <= valid }
    guard let state, state.kind != .ended else { return }
    insert(
      Recorded(valid: valid, sequence: lastSequence, recordedTime: recorded, kind: .ended),
      into: name)
    records[lastSequence, default: []].append((name, valid))
  }

  mutating func declareIdentity(of type: TypeName, attributes: [String], in scope: Scope) {
    open(scope)
    lastSequence += 1
    rules[scope, default: [:]][type] = .attributes(attributes)
    declared[scope, default: []].insert(type)
  }
}

/// What is known of a node as a whole.
struct ReferenceNode: Equatable {
  var status = NodeEventKind.registered
  var statusTime: Int64?
  var firstRecorded: Int64
  var lastSeen: Int64?

  init(firstRecorded: Int64) { self.firstRecorded = firstRecorded }

  mutating func take(_ kind: NodeEventKind, valid: Int64) {
    if valid >= statusTime ?? 0 { (status, statusTime) = (kind, valid) }
  }
}

/// Numbers for items, so that contents compare fast; equal numbers are equal bytes.
struct ItemNumbers {
  private var numbers: [[UInt8]: Int] = [:]
  private var list: [Item] = []

  subscript(_ number: Int) -> Item { list[number] }

  mutating func number(of item: Item) -> Int {
    let bytes = itemBytes(item.attributes)
    if let known = numbers[bytes] { return known }
    list.append(item)
    numbers[bytes] = list.count - 1
    return list.count - 1
  }
}

extension Report.Origin {
  /// nil for what the node reported.
  var source: Report.Source? {
    if case .imported(let source) = self { source } else { nil }
  }
}
