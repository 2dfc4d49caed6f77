import Collectors
import Inventory

/// Finds out which lines can be put together.
///
/// A run of a query is all its lines of one counter and one time. Each is looked at when it is over,
/// because only the whole of it tells whether it is a difference or all there is.
struct OsqueryReader {
  var warnings = Warnings()
  private var changes: [OsqueryChange] = []
  private var queries: [String: Query] = [:]
  /// Damage since the last line that may be of any query, also of one that was not seen yet.
  private var nameless = Damage()
  /// Two for each line, so that a query can become unknown before its line counts.
  private var position = 0
  /// The position of the last line that was read.
  private var lastPosition = 0

  /// What was read of a query.
  private struct Query {
    var table: OsqueryTable?
    /// Whether all rows are known.
    var isKnown = false
    /// The epoch of the last run; nil before the first.
    var epoch: Int64?
    var rows = OsqueryRows()
    var run: OsqueryRun?
    /// Lines since the last one of this query that may have been of it.
    var damage = Damage()
    var isWarned = false
  }

  /// Lines that could not be read.
  struct Damage {
    var isThere = false
    /// Whether the time of one of them is not known.
    var isUntimed = false
    /// The times of the others.
    var times: Set<Int64> = []
    /// The position of the last of them.
    var position = 0
    /// Times that are kept; more count as not known.
    private static let timesMax = 100

    mutating func add(_ time: Int64?, at position: Int) {
      isThere = true
      self.position = max(self.position, position)
      if let time, times.count < Self.timesMax { times.insert(time) } else { isUntimed = true }
    }

    mutating func add(_ other: Damage) {
      for time in other.times { add(time, at: other.position) }
      if other.isUntimed { add(nil, at: other.position) }
    }

    /// Whether it may be within a run of this time.
    func mayBe(at instant: Instant) -> Bool { isUntimed || times.contains(instant.seconds) }
  }

  // MARK: Lines

  mutating func take(_ record: OsqueryRecord, place: String) {
    position += 2
    spreadDamage()
    var query = queries[record.query] ?? Query(damage: nameless)
    defer {
      queries[record.query] = query
      nameless = Damage()
      lastPosition = position
    }
    if record.query.hasSuffix("_events") {
      warn(&query, "\(place): \(record.query) lists events and no state; it is left out")
      return
    }
    switch record.content {
    case .snapshot(let rows):
      end(&query, record.query)
      query.damage = Damage()
      query.rows = OsqueryRows(self.rows(rows, record, &query))
      query.isKnown = true
      query.isWarned = false
      change(.reset(query.rows.items), record, place, position, &query)
    case .changes(let added, let removed):
      let (added, removed) = (
        self.rows(added, record, &query), self.rows(removed, record, &query)
      )
      if query.run?.isSame(as: record) == true {
        if query.damage.isThere { query.run?.isDamaged = true }
        query.damage = Damage()
        query.run?.added += added
        query.run?.removed += removed
      } else {
        begin(record, place, &query, added, removed)
      }
    }
  }

  /// Takes a line that could not be read.
  mutating func takeDamage(_ fragment: OsqueryFragment, _ sentence: String) {
    position += 2
    warnings.add(sentence)
    if let name = fragment.name {
      queries[name, default: Query()].damage.add(fragment.time, at: position)
    } else {
      nameless.add(fragment.time, at: position)
    }
  }

  /// Gives what may be of any query to each of them.
  private mutating func spreadDamage() {
    guard nameless.isThere else { return }
    for name in queries.keys { queries[name]?.damage.add(nameless) }
  }

  /// All changes in the order of their lines, those of impossible places in time put right or left out.
  mutating func finish() -> [OsqueryChange] {
    spreadDamage()
    for (name, var query) in queries.sorted(by: { $0.key < $1.key }) {
      end(&query, name)
      queries[name] = query
    }
    return OsqueryTimes.ordered(changes, &warnings)
  }

  // MARK: Runs

  private mutating func begin(
    _ record: OsqueryRecord, _ place: String, _ query: inout Query, _ added: [OsqueryRow],
    _ removed: [OsqueryRow]
  ) {
    let damage = query.damage
    end(&query, record.query)
    var run = OsqueryRun(record, place: place, position: position)
    (run.added, run.removed) = (added, removed)
    if damage.isThere {
      // The lines of a run stand together; a batch is a single one.
      let isNear = damage.position > lastPosition
      run.isDamaged = !run.isBatch && isNear && damage.mayBe(at: record.instant)
      lose(&query, record, place, position, "a line before it cannot be read")
    }
    query.run = run
  }

  /// Ends the run of a query, if it has one; what comes is another run, or the end.
  private mutating func end(_ query: inout Query, _ name: String) {
    defer { query.damage = Damage() }
    guard var run = query.run else { return }
    query.run = nil
    defer { query.epoch = run.record.epoch }
    let (record, place, position) = (run.record, run.place, run.position)
    if query.damage.times.contains(record.instant.seconds), !run.isBatch { run.isDamaged = true }
    guard !run.isDamaged else {
      return lose(&query, record, place, position, "a line of it cannot be read")
    }
    if run.isBeginning(epoch: query.epoch, rows: query.rows) {
      query.rows = OsqueryRows(run.added)
      query.isKnown = true
      query.isWarned = false
      return change(.reset(query.rows.items), record, place, position, &query)
    }
    guard query.isKnown else {
      return warn(
        &query,
        "\(place): the beginning of \(name) is missing; its state is unknown until it begins anew")
    }
    if record.counter != 0, let epoch = query.epoch, record.epoch != epoch {
      return lose(&query, record, place, position, "the beginning of its epoch is missing")
    }
    if record.counter == 0 {
      warnings.add(
        "\(place): the counter of \(name) begins anew with a difference; it is taken as one")
    }
    if let contradiction = query.rows.apply(run, isUnique: query.table?.isUnique == true) {
      return lose(&query, record, place, position, contradiction)
    }
    change(
      .change(added: run.added.compactMap(\.item), removed: run.removed.compactMap(\.item)),
      record, place, position, &query)
  }

  /// Makes a query unknown until it begins anew.
  private mutating func lose(
    _ query: inout Query, _ record: OsqueryRecord, _ place: String, _ position: Int,
    _ reason: String
  ) {
    if query.isKnown {
      warnings.add(
        "\(place): \(record.query) is unknown from here until it begins anew: \(reason)")
      append(.unknown, record, place, position - 1, query)
    }
    query.isKnown = false
    query.isWarned = true
  }

  private mutating func warn(_ query: inout Query, _ text: String) {
    guard !query.isWarned else { return }
    query.isWarned = true
    warnings.add(text)
  }

  private func rows(
    _ rows: [[String: String]], _ record: OsqueryRecord, _ query: inout Query
  ) -> [OsqueryRow] {
    rows.map { row in
      let table = query.table ?? OsqueryTable.of(query: record.query, columns: row)
      query.table = table
      return OsqueryRow(row, item: table.item(row))
    }
  }

  // MARK: Changes

  /// Takes a change of a query, unless it now has more rows than a report can carry.
  private mutating func change(
    _ kind: OsqueryChange.Kind, _ record: OsqueryRecord, _ place: String, _ position: Int,
    _ query: inout Query
  ) {
    guard query.rows.count <= ImportLimits.items else {
      return lose(
        &query, record, place, position, "it has more than \(ImportLimits.items) rows")
    }
    append(kind, record, place, position, query)
  }

  private mutating func append(
    _ kind: OsqueryChange.Kind, _ record: OsqueryRecord, _ place: String, _ position: Int,
    _ query: Query
  ) {
    // A query without any row so far has no columns that tell its table.
    let table = query.table ?? OsqueryTable.of(query: record.query, columns: nil)
    changes.append(
      OsqueryChange(
        instant: record.instant, position: position, place: place, query: record.query,
        type: table.type, schemaVersion: table.schemaVersion, kind: kind))
  }
}
