import HistoryStore
import Inventory
import Questions
import SQLite

/// `changes`: every item that came, went or became another, as the past is known; `feed`: the same as it was recorded.
///
/// They are two tables, because a late report changes what is known of the past, and not what was told before.
final class ChangeTable: InventoryTable {
  /// Where changes come from.
  enum Origin { case timelines, log }

  let session: QuerySession
  let name: String
  let columns =
    [VirtualColumn("seq", .integer)]
    + [
      "valid_at", "recorded_at", "resourceid", "type", "change", "name", "version_before",
      "version_after", "before", "after", "source", "accountid", "region",
    ].map { VirtualColumn($0) } + [VirtualColumn("known_at", isHidden: true)]
  let indexed: [String: Set<Comparison>]
  private let origin: Origin

  /// Log records that are read at a time.
  private static let batch = 1000

  init(_ session: QuerySession, _ origin: Origin) {
    self.session = session
    self.origin = origin
    switch origin {
    case .timelines:
      name = "changes"
      indexed = [
        "resourceid": [.equal], "type": [.equal],
        "valid_at": [.equal, .greater, .atLeast, .less, .atMost],
      ]
    case .log:
      name = "feed"
      indexed = ["seq": [.equal, .greater, .atLeast]]
    }
  }

  func cost(_ found: Set<String>) -> Plan {
    if found.contains("resourceid") {
      return Plan(cost: 1000, rows: 1000, words: "the history of each node named")
    }
    if found.contains("valid_at") {
      return Plan(cost: 20_000, rows: 10_000, words: "what changed in a range of valid time")
    }
    return found.contains("seq")
      ? Plan(cost: 30_000, rows: 10_000, words: "the log from a record on")
      : Plan(
        cost: 10_000_000, rows: 1_000_000,
        words: origin == .log ? "all of the log" : "the timelines of all nodes, time by time")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    let moment = Moment(knownAt: try session.moment(bounds).knownAt)
    if origin == .log { return ChangeRows(log(try firstSequence(bounds), moment)) }
    let range = try range(bounds)
    guard range.from < range.to else { return MadeRows([]) }
    let type = bounds.texts("type").flatMap { $0.count == 1 ? TypeName(stored: $0[0]) : nil }
    if let nodes = bounds.values("resourceid") {
      return ChangeRows(try histories(nodes, type, range, moment))
    }
    return ChangeRows(ranges(range, type, moment))
  }

  // MARK: What conditions say

  private struct TimeRange {
    var from = Instant(seconds: 0)
    var to = Instant.distantFuture
  }

  /// The times that conditions leave; SQLite looks again at each row.
  private func range(_ bounds: NamedBounds) throws -> TimeRange {
    var range = TimeRange()
    for comparison in [Comparison.equal, .greater, .atLeast] {
      // In a list each value counts.
      let values =
        comparison == .equal
        ? bounds.values("valid_at") ?? []
        : [bounds.value("valid_at", comparison)].compactMap { $0 }
      let times = try values.map { try session.bound($0, "valid_at") }
      if let first = times.min() {
        range.from = max(range.from, first)
      }
      if comparison == .equal, let last = times.max() {
        range.to = min(range.to, last.advanced(bySeconds: 1))
      }
    }
    for comparison in [Comparison.less, .atMost] {
      guard let value = bounds.value("valid_at", comparison) else { continue }
      range.to = min(range.to, try session.bound(value, "valid_at").advanced(bySeconds: 1))
    }
    return range
  }

  private func firstSequence(_ bounds: NamedBounds) throws -> UInt64 {
    var first: UInt64 = 0
    func take(_ value: SQLValue?, plus: Int64) {
      guard let number = value?.asInteger, number > 0 else { return }
      first = max(first, UInt64(number + plus))
    }
    take(bounds.value("seq", .greater), plus: 1)
    take(bounds.value("seq", .atLeast), plus: 0)
    take(bounds.values("seq")?.compactMap { $0.asInteger }.min().map { .integer($0) }, plus: 0)
    return first
  }

  // MARK: Where changes come from

  private func histories(
    _ values: [SQLValue], _ type: TypeName?, _ range: TimeRange, _ moment: Moment
  ) throws -> () throws -> ChangeList? {
    var nodes = NodeList(try values.compactMap { try session.node($0) })
    return { [session] in
      guard let node = nodes.next() else { return nil }
      return try session.history.read(session.scope, moment) { reader in
        try reader.history(of: node.id, type: type, from: range.from, to: range.to)
      }
    }
  }

  private func log(_ first: UInt64, _ moment: Moment) -> () throws -> ChangeList? {
    var after = first == 0 ? 0 : first - 1
    return { [session] in
      let (changes, newest) = try session.history.read(session.scope, moment) { reader in
        (
          try reader.changes(after: SequenceNumber(after), limit: Self.batch),
          reader.sequence.value
        )
      }
      guard after < newest else { return nil }
      after = changes.count >= Self.batch ? changes[changes.count - 1].sequence.value : newest
      return changes
    }
  }

  /// Some hours or years at a time, so that never more than a batch or so is in memory.
  private func ranges(
    _ range: TimeRange, _ type: TypeName?, _ moment: Moment
  ) -> () throws -> ChangeList? {
    var from = range.from
    var step: Int64 = 86400
    let last = max(session.now, range.from)
    return { [session] in
      guard from < range.to else { return nil }
      // Clocks that are ahead are few: what lies behind now is read at once.
      let end = from >= last ? range.to : min(range.to, max(from.advanced(bySeconds: step), from))
      let changes = try session.history.read(session.scope, moment) { reader in
        try reader.changes(from: from, to: end, type: type)
      }
      from = end
      if changes.count > 4 * Self.batch { step = max(60, step / 2) }
      if changes.count < Self.batch { step = min(step * 2, 86400 * 4000) }
      return changes
    }
  }
}

private final class ChangeRows: RowSource {
  private let more: () throws -> ChangeList?
  private var changes: ChangeList?
  private var place = -1
  private var change: Change?

  init(_ more: @escaping () throws -> ChangeList?) { self.more = more }

  func next() throws -> Bool {
    change = nil
    place += 1
    while place >= changes?.count ?? 0 {
      guard let more = try more() else { return false }
      changes = more
      place = 0
    }
    return true
  }

  func column(_ index: Int, to result: borrowing SQLResult) {
    guard let changes else { return result.setNull() }
    switch index {
    case 0: return result.set(Int64(changes.sequence(at: place).value))
    case 1: return result.set(SQLValue(changes.validTime(at: place)))
    case 3: return result.set(.text(changes.node(at: place).text))
    case 5: return result.set(.text(changes.kind(at: place).rawValue))
    case 7, 8:
      var bytes: [UInt8] = []
      let has = changes.appendValue(
        of: "Version", index == 7 ? .old : .new, at: place, to: &bytes)
      return has ? result.set(utf8: bytes) : result.setNull()
    default: break
    }
    let change = change ?? changes[place]
    self.change = change
    switch index {
    case 2: result.set(SQLValue(change.recordedTime))
    case 4: result.set(.text(change.type.text))
    case 6:
      let item = change.new ?? change.old ?? change.identity
      result.set(SQLValue(NameFilter.name(of: item, of: change.type)))
    case 9: result.set(SQLValue(json: change.old))
    case 10: result.set(SQLValue(json: change.new))
    case 11: result.set(SQLValue(change.source.map(\.name)))
    case 12: result.set(.text(change.scope.account))
    case 13: result.set(.text(change.scope.region))
    default: result.setNull()
    }
  }
}
