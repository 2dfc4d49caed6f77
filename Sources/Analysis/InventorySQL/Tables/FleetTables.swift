import HistoryStore
import Inventory
import PlainText
import Questions
import SQLite
import Times

/// `holders('openssl', from, to)`: who had an item of a name, in which version, from when to when.
final class HolderTable: InventoryTable {
  let session: QuerySession
  let name = "holders"
  let columns =
    ["resourceid", "type", "version", "valid_from", "valid_to", "item", "accountid", "region"]
    .map { VirtualColumn($0) }
    + ["name", "from", "to", "known_at"].map { VirtualColumn($0, isHidden: true) }
  let indexed: [String: Set<Comparison>] = ["type": [.equal], "version": [.equal]]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan {
    Plan(cost: 2000, rows: 1000, words: "the holdings of the name in the range")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    guard let name = bounds.argument("name")?.asText else {
      throw SQLError(
        .invalidArgument, "holders needs a name: holders('openssl'), or where name = 'openssl'")
    }
    let from = try bounds.argument("from").map { try session.instant($0, "from") }
    let to = try bounds.argument("to").map { try session.instant($0, "to") }
    let start = from ?? Instant(seconds: 0)
    let end = to ?? session.now.advanced(bySeconds: 1)
    guard start < end else { return MadeRows([]) }
    let wanted = bounds.texts("type").map(Set.init)
    let versions = bounds.texts("version")
    var types = session.types.map(\.type).filter { wanted?.contains($0.text) ?? true }[...]
    let moment = Moment(knownAt: try session.moment(bounds).knownAt)
    return StreamedRows { [session] in
      guard let type = types.popFirst() else { return nil }
      return try session.history.read(session.scope, moment) { reader in
        try reader.holders(
          of: ItemNames(name), type: type, version: versions?.count == 1 ? versions?[0] : nil,
          from: start,
          to: end
        ).map { holding in
          [
            .text(holding.node.text), .text(type.text), SQLValue(holding.version),
            SQLValue(holding.from), SQLValue(holding.to), SQLValue(json: holding.item),
            .text(holding.scope.account), .text(holding.scope.region),
          ]
        }
      }
    }
  }
}

/// `rollup('AWS:Application', at)`: how many nodes have each version of each item.
final class RollupTable: InventoryTable {
  let session: QuerySession
  let name = "rollup"
  let columns =
    [VirtualColumn("name"), VirtualColumn("version"), VirtualColumn("nodes", .integer)]
    + [VirtualColumn("item")]
    + ["type", "at", "known_at"].map { VirtualColumn($0, isHidden: true) }
  let indexed: [String: Set<Comparison>] = [:]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan {
    Plan(cost: 10_000, rows: 5000, words: "the newest row of each item of the type before the time")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    let type = try session.type(bounds.argument("type"))
    let moment = try session.moment(bounds)
    let rollup = try session.history.read(session.scope, moment) { reader in
      try reader.rollup(type: type, at: moment.at ?? session.now)
    }
    return RollupRows(rollup, type)
  }

  private final class RollupRows: RowSource {
    private let rollup: Rollup
    private let type: TypeName
    private var place = -1

    init(_ rollup: Rollup, _ type: TypeName) {
      self.rollup = rollup
      self.type = type
    }

    func next() -> Bool {
      place += 1
      return place < rollup.count
    }

    func column(_ index: Int, to result: borrowing SQLResult) {
      switch index {
      case 0:
        let name = rollup.value(of: "Name", at: place)
        result.set(SQLValue(name ?? NameFilter.name(of: rollup[place].item, of: type)))
      case 1: result.set(SQLValue(rollup.value(of: "Version", at: place)))
      case 2: result.set(Int64(rollup.nodes(at: place)))
      case 3: result.set(SQLValue(json: rollup[place].item))
      default: result.setNull()
      }
    }
  }
}

/// `rollout('openssl', from, to, '1 week')`: how many nodes had each version of a name, at one time after the
/// other.
final class RolloutTable: InventoryTable {
  let session: QuerySession
  let name = "rollout"
  let columns =
    [VirtualColumn("time"), VirtualColumn("version"), VirtualColumn("nodes", .integer)]
    + ["name", "from", "to", "every", "type", "known_at"].map { VirtualColumn($0, isHidden: true) }
  let indexed: [String: Set<Comparison>] = [:]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan {
    Plan(cost: 5000, rows: 200, words: "the holders of the name at each time")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    guard let name = bounds.argument("name")?.asText, let first = bounds.argument("from") else {
      throw SQLError(
        .invalidArgument,
        "rollout needs a name and a beginning: rollout('openssl', '2026-01-01', '2026-06-01', '1 week')"
      )
    }
    let times = try session.times(
      from: first, to: bounds.argument("to"), step: bounds.argument("every"))
    let type = try session.type(bounds.argument("type"))
    let moment = Moment(knownAt: try session.moment(bounds).knownAt)
    let steps = try session.history.read(session.scope, moment) { reader in
      try reader.rollout(of: name, type: type, at: times)
    }
    return MadeRows(
      steps.flatMap { step in
        step.nodesByVersion.sorted { $0.key < $1.key }.map { version, nodes in
          [SQLValue(step.at), .text(version), .integer(Int64(nodes))]
        }
      })
  }
}

/// `dates(from, to, '1 day')`: times to join `at` with.
final class DateTable: InventoryTable {
  let session: QuerySession
  let name = "dates"
  let columns =
    [VirtualColumn("day")]
    + ["from", "to", "every"].map { VirtualColumn($0, isHidden: true) }
  let indexed: [String: Set<Comparison>] = [:]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan { Plan(cost: 10, rows: 50, words: "times, one by one") }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    guard let first = bounds.argument("from") else {
      throw SQLError(
        .invalidArgument, "dates needs a beginning: dates('2026-01-01', '2026-06-01', '1 week')")
    }
    let times = try session.times(
      from: first, to: bounds.argument("to"), step: bounds.argument("every"))
    return MadeRows(times.map { [SQLValue($0)] })
  }
}

extension QuerySession {
  /// Times that one answer is asked for at most.
  static let timesMax = 10_000

  /// Times from one on, before another (by default now), a step apart (by default a day).
  func times(from: SQLValue, to: SQLValue?, step: SQLValue?) throws -> [Instant] {
    let text = step?.asText ?? "1 day"
    guard let seconds = TimeParser.durationSeconds(text), seconds > 0 else {
      throw SQLError(
        .invalidArgument, "'\(text.onOneLine)' is no step of time; write '1 day' or '6 hours'")
    }
    var time = try instant(from, "from")
    let end = try to.map { try instant($0, "to") } ?? now
    var times: [Instant] = []
    while time < end {
      guard times.count < Self.timesMax else {
        throw SQLError(.tooLarge, "there are more than \(Self.timesMax) times in that range")
      }
      times.append(time)
      time = time.advanced(bySeconds: seconds)
    }
    return times
  }

  /// An inventory type that is named; AWS:Application where none is.
  func type(_ value: SQLValue?) throws(SQLError) -> TypeName {
    guard let text = value?.asText else { return .application }
    // As on the command line, AWS's own types may be named without their beginning.
    do { return try TypeName(text.contains(":") ? text : "AWS:\(text)") } catch {
      throw SQLError(.invalidArgument, error.description)
    }
  }
}
