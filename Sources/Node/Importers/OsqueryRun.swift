import Inventory

/// One row of a result.
struct OsqueryRow {
  /// All of it, as a number: what osquery compares.
  let hash: Int
  /// Its item; nil for a row that is none, such as a package that was removed.
  let item: Item?

  init(_ row: [String: String], item: Item?) {
    hash = row.hashValue
    self.item = item
  }
}

/// The rows that a query has.
struct OsqueryRows {
  /// How often each row is there.
  private var rows: [Int: Int] = [:]
  /// How often each item is there.
  private var held: [Item: Int] = [:]
  /// How many different items there are of each name and architecture.
  private var named: [[String?]: Int] = [:]

  /// Nothing.
  init() {}

  init(_ rows: [OsqueryRow]) {
    for row in rows { add(row) }
  }

  /// How many different items there are.
  var count: Int { held.count }

  /// Each item as often as it is there.
  var items: [Item] { held.flatMap { Array(repeating: $0.key, count: $0.value) } }

  var isEmpty: Bool { rows.isEmpty }

  func contains(_ row: OsqueryRow) -> Bool { rows[row.hash] != nil }

  private static func name(of item: Item) -> [String?] { [item["Name"], item["Architecture"]] }

  private mutating func add(_ row: OsqueryRow) {
    rows[row.hash, default: 0] += 1
    guard let item = row.item else { return }
    held[item, default: 0] += 1
    if held[item] == 1 { named[Self.name(of: item), default: 0] += 1 }
  }

  private mutating func remove(_ row: OsqueryRow) {
    let count = rows[row.hash] ?? 0
    rows[row.hash] = count > 1 ? count - 1 : nil
    guard let item = row.item, let count = held[item] else { return }
    held[item] = count > 1 ? count - 1 : nil
    if count == 1 { named[Self.name(of: item), default: 1] -= 1 }
  }

  /// Applies a difference; says what of it contradicts what was there, nil where nothing does.
  ///
  /// Where `isUnique`, one package cannot be there in two versions, as it seems to be where the line
  /// that removed the old one is missing.
  mutating func apply(_ run: OsqueryRun, isUnique: Bool) -> String? {
    for row in run.removed {
      guard contains(row) else { return "it removes a row that is not there" }
      remove(row)
    }
    for row in run.added { add(row) }
    guard isUnique else { return nil }
    for item in run.added.compactMap(\.item) where named[Self.name(of: item), default: 0] > 1 {
      return "\((item["Name"] ?? "").printable) would be there twice"
    }
    return nil
  }
}

/// All lines of one run of a query.
struct OsqueryRun {
  /// The first of its lines.
  let record: OsqueryRecord
  /// That line.
  let place: String
  let position: Int
  var added: [OsqueryRow] = []
  var removed: [OsqueryRow] = []
  /// Whether a line of it could not be read.
  var isDamaged = false

  init(_ record: OsqueryRecord, place: String, position: Int) {
    self.record = record
    self.place = place
    self.position = position
  }

  /// Whether it is one line with all rows.
  var isBatch: Bool { record.isBatch }

  /// Whether a line is of this run.
  func isSame(as other: OsqueryRecord) -> Bool {
    !isBatch && !other.isBatch && other.counter != nil && other.counter == record.counter
      && other.epoch == record.epoch && other.instant == record.instant
  }

  /// Whether its rows are all there are.
  ///
  /// Runs are counted from 0, with which osquery means all rows. But where the text of a query was
  /// changed, and after it cleaned up what it takes for old, it counts from 0 again and writes only
  /// what differs from before (osquery's issues 5299, 7945 and 8611). Such a run removes rows, or has
  /// none of those that are there, which all rows would have.
  func isBeginning(epoch: Int64?, rows: OsqueryRows) -> Bool {
    guard record.counter == 0, removed.isEmpty else { return false }
    guard epoch == record.epoch, !rows.isEmpty else { return true }
    return added.contains(where: rows.contains)
  }
}
