import Collectors
public import Inventory

/// Reads osquery's log of results: snapshots, and differences that are put together to full states.
public struct OsqueryImporter: Sendable {
  /// The `hostIdentifier` of the lines to read; nil where all lines are of one host.
  public let host: String?

  /// Takes the `hostIdentifier` of the lines to read, or nil where all lines are of one host.
  public init(host: String? = nil) { self.host = host }

  /// Reads logs, plain or packed by gzip, given in any order.
  ///
  /// There is one observation for each second after which a query's rows differ from before. A
  /// query of which the beginning is missing, or is lost with a new epoch, is in none until osquery
  /// begins anew or writes a snapshot: what was there before its first difference is unknown.
  ///
  /// Throws a ``CollectorError`` that names the file where one cannot be read or unpacked, and where
  /// the lines are of several hosts and ``host`` does not say which. Lines that do not parse become
  /// warnings.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    let files = try LogFiles(paths: paths, timeOf: OsqueryRecord.time)
    let document = JSONDocument()
    var reader = OsqueryReader()
    var hosts: Set<String> = []
    var count = 0
    try files.forEachLine { line in
      guard !line.bytes.isEmpty else { return }
      count += 1
      do {
        let record = try OsqueryRecord(document.value(line.bytes))
        guard host == nil || record.host == host else { return }
        if !record.host.isEmpty { hosts.insert(record.host) }
        if hosts.count <= 1 { reader.take(record, place: line.place) }
      } catch {
        reader.warnings.add("\(line.place): \(error)")
      }
      guard hosts.count <= 1 else {
        throw CollectorError(
          "the lines are of several hosts; say which: \(hosts.sorted().joined(separator: ", "))")
      }
    }
    let changes = reader.changes
    return ImportedHistory(
      reports: ImportedReports { AnyIterator(OsqueryStates(changes, node: node)) },
      knownFrom: changes.first?.instant, warnings: reader.warnings.sentences, recordsRead: count)
  }
}

/// A change of the rows of one query.
struct OsqueryChange: Sendable {
  enum Kind: Sendable {
    /// From here on there are just these.
    case reset([Item])
    case change(added: [Item], removed: [Item])
  }

  var instant: Instant
  var query: String
  var type: TypeName
  var schemaVersion: String
  var kind: Kind
}

/// Finds out which lines can be put together.
private struct OsqueryReader {
  /// What was read of a query.
  private struct Query {
    var table: OsqueryTable?
    /// Whether all rows are known.
    var isKnown = false
    var epoch: Int64 = 0
    var counter: Int64?
    var instant = Instant.distantPast
    /// How often each item is there, to notice removals of what was not.
    var rows: [Item: Int] = [:]
    var isWarned = false
  }

  private(set) var changes: [OsqueryChange] = []
  var warnings = Warnings()
  private var queries: [String: Query] = [:]
  private var previous = Instant.distantPast

  mutating func take(_ record: OsqueryRecord, place: String) {
    var query = queries[record.query] ?? Query()
    defer { queries[record.query] = query }
    if record.query.hasSuffix("_events") {
      warn(&query, "\(place): \(record.query) lists events and no state; it is left out")
      return
    }
    if record.instant < previous {
      warnings.add("\(place): its time lies before that of the line before it")
    }
    previous = max(previous, record.instant)
    switch record.content {
    case .snapshot(let rows):
      query.isKnown = true
      let items = self.items(rows, record, &query)
      query.rows = Dictionary(grouping: items) { $0 }.mapValues(\.count)
      if hold(&query, place, record.query) { append(.reset(items), record, query) }
    case .changes(let added, let removed):
      // The rows tell the table, which the beginning needs.
      let arrived = items(added, record, &query)
      let left = items(removed, record, &query)
      begin(record, &query, place)
      guard query.isKnown else { return }
      for item in arrived { query.rows[item, default: 0] += 1 }
      for item in left {
        let count = query.rows[item] ?? 0
        if count == 0 {
          warnings.add("\(place) removes a row of \(record.query) that is not there")
        }
        query.rows[item] = count > 1 ? count - 1 : nil
      }
      if hold(&query, place, record.query) {
        append(.change(added: arrived, removed: left), record, query)
      }
    }
  }

  /// Whether the rows before this line are known: the counter begins at 0 with all there are.
  private mutating func begin(_ record: OsqueryRecord, _ query: inout Query, _ place: String) {
    let isNewEpoch = record.epoch != query.epoch
    let isSameRun =
      !isNewEpoch && record.counter == query.counter
      && record.instant == query.instant
    defer {
      (query.epoch, query.counter, query.instant) = (record.epoch, record.counter, record.instant)
    }
    if record.counter == 0 || (record.counter == nil && !query.isKnown) {
      if isSameRun && query.isKnown { return }
      if record.counter == nil {
        warn(&query, "\(place): \(record.query) has no counter; its first lines count as all rows")
      }
      query.isKnown = true
      query.rows = [:]
      append(.reset([]), record, query)
    } else if isNewEpoch || !query.isKnown {
      query.isKnown = false
      warn(
        &query,
        "\(place): the beginning of \(record.query) is missing; its state is unknown until it"
          + " begins anew")
    }
  }

  private mutating func warn(_ query: inout Query, _ text: String) {
    guard !query.isWarned else { return }
    query.isWarned = true
    warnings.add(text)
  }

  private func items(
    _ rows: [[String: String]], _ record: OsqueryRecord, _ query: inout Query
  ) -> [Item] {
    rows.compactMap { row in
      let table = query.table ?? OsqueryTable.of(query: record.query, columns: row)
      query.table = table
      return table.item(row)
    }
  }

  /// Gives up a query that has more rows than a report can carry.
  private mutating func hold(_ query: inout Query, _ place: String, _ name: String) -> Bool {
    guard query.rows.count > ImportLimits.items else { return true }
    warn(&query, "\(place): \(name) has more than \(ImportLimits.items) rows and is left out")
    query.isKnown = false
    return false
  }

  private mutating func append(
    _ kind: OsqueryChange.Kind, _ record: OsqueryRecord, _ query: Query
  ) {
    // A query without any row so far has no columns that tell its table.
    let table = query.table ?? OsqueryTable.of(query: record.query, columns: nil)
    changes.append(
      OsqueryChange(
        instant: previous, query: record.query, type: table.type,
        schemaVersion: table.schemaVersion, kind: kind))
  }
}

/// Puts changes together to states, one report after the other.
private struct OsqueryStates: IteratorProtocol {
  private let changes: [OsqueryChange]
  private let node: NodeID
  private var position = 0
  /// How often each item is there, by type and query.
  private var rows: [TypeName: [String: [Item: Int]]] = [:]
  /// What was said last.
  private var said: [TypeName: [Item]] = [:]

  init(_ changes: [OsqueryChange], node: NodeID) {
    self.changes = changes
    self.node = node
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
        let items = Set((rows[type] ?? [:]).values.flatMap(\.keys)).sorted(by: Item.precedes)
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
    switch change.kind {
    case .reset(let items):
      rows[change.type, default: [:]][change.query] =
        Dictionary(grouping: items) { $0 }.mapValues(\.count)
    case .change(let added, let removed):
      for item in added {
        rows[change.type, default: [:]][change.query, default: [:]][item, default: 0] += 1
      }
      for item in removed {
        let count = rows[change.type]?[change.query]?[item] ?? 0
        rows[change.type]?[change.query]?[item] = count > 1 ? count - 1 : nil
      }
    }
  }
}
