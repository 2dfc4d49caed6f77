import HistoryStore
import Inventory
import SQLite
import PlainText
import Times

/// One query: a snapshot of the store, whose answers all tables give, and what they remember of it.
///
/// One thread at a time.
final class QuerySession {
  let history: HistorySession
  let scope: Scope
  /// The times that tables answer for unless they are told others.
  let moment: Moment
  /// What `now` is, for the whole of the query.
  let now: Instant
  /// What is known of the types of the scope.
  let types: [TypeSummary]
  /// The log record that everything is known through.
  let sequence: SequenceNumber
  private let parser: TimeParser
  private var holders: [HolderKey: HolderMap] = [:]

  init(_ store: HistoryStore, _ scope: Scope, at: Instant?, knownAt: Instant?, now: Instant) throws
  {
    history = try HistorySession(store)
    self.scope = scope
    self.now = now
    moment = Moment(at: at ?? now, knownAt: knownAt)
    parser = TimeParser(zone: .utc, now: now)
    let (types, sequence) = try history.read(scope) { reader in
      (try reader.schemas(), reader.sequence)
    }
    self.types = types
    self.sequence = sequence
  }

  /// Reads a time that a query names: as people write them, in UTC, or seconds since 1970.
  func instant(_ value: SQLValue, _ name: String) throws(SQLError) -> Instant {
    if case .integer(let seconds) = value { return Instant(seconds: seconds) }
    guard let text = value.asText else {
      throw SQLError(.invalidArgument, "\(name) is a time, such as '2026-03-03'")
    }
    // RFC 3339 keeps milliseconds, which people do not write.
    if let instant = Instant(rfc3339: text) { return instant }
    do { return try parser.parse(text).instant } catch {
      throw SQLError(.invalidArgument, "\(name): \(error)")
    }
  }

  /// Reads a value that a column of times is compared with as text: a time in UTC, or a beginning of one.
  ///
  /// Other forms would be compared letter by letter, and give wrong rows without a word.
  func bound(_ value: SQLValue, _ column: String) throws(SQLError) -> Instant {
    let whole = "1970-01-01T00:00:00Z"
    if case .text(let text) = value, text.utf8.count <= whole.utf8.count,
      let instant = Instant(rfc3339: text + whole.dropFirst(text.count)),
      instant.description.hasPrefix(text)
    {
      return instant
    }
    throw SQLError(
      .invalidArgument,
      """
      \(column) is compared as text such as '2026-03-03' or '2026-03-03T09:00:00Z', not \
      '\(value.asText?.onOneLine ?? "NULL")'; instant('3 days ago') and instant('2026-03-03 09:00') make such text
      """)
  }

  /// The times that the arguments `at` and `known_at` of a table ask for.
  func moment(_ bounds: NamedBounds) throws(SQLError) -> Moment {
    var moment = moment
    if let at = bounds.argument("at") { moment.at = try instant(at, "at") }
    if let known = bounds.argument("known_at") {
      moment.knownAt = try instant(known, "known_at")
    }
    return moment
  }

  /// A node with its number; nil for one that never reported.
  func node(_ value: SQLValue) throws -> (id: NodeID, number: UInt32)? {
    guard let text = value.asText, let id = try? NodeID(text) else { return nil }
    return try history.read(scope) { reader in try reader.number(of: id).map { (id, $0) } }
  }

  /// Who holds the items of a name at a moment; remembered, as a join asks for each node.
  func holders(of name: String, type: TypeName, _ moment: Moment) throws -> HolderMap {
    let key = HolderKey(name: name, type: type, at: moment.at ?? now, knownAt: moment.knownAt)
    if let known = holders[key] { return known }
    let list = try history.read(scope, moment) { reader in
      try reader.holders(of: name, type: type, version: nil, at: key.at)
    }
    let map = HolderMap(list)
    // A join over many names is not to keep them all.
    if holders.count >= Self.rememberedMax { holders.removeAll() }
    holders[key] = map
    return map
  }

  private static let rememberedMax = 64

  private struct HolderKey: Hashable {
    var name: String
    var type: TypeName
    var at: Instant
    var knownAt: Instant?
  }
}

/// Holders, and where in their list each node stands.
final class HolderMap {
  let list: HolderList
  private(set) lazy var places: [NodeID: [Int]] = {
    var places: [NodeID: [Int]] = [:]
    for place in list.indices { places[list.node(at: place), default: []].append(place) }
    return places
  }()

  init(_ list: HolderList) { self.list = list }
}
