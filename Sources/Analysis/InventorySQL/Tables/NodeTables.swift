import HistoryStore
import Inventory
import JSONTape
import SQLite

/// `nodes`: the nodes there are, with what they said of themselves at a time.
final class NodeTable: InventoryTable {
  let session: QuerySession
  let name = "nodes"
  let columns =
    ["id", "status", "status_time", "first_recorded", "last_seen", "tags"].map { VirtualColumn($0) }
    + NodeTable.facts.map { VirtualColumn($0.lowercased()) }
    + ["accountid", "region"].map { VirtualColumn($0) } + .moments
  let indexed: [String: Set<Comparison>] = ["id": [.equal]]

  /// What nodes say of themselves in AWS:InstanceInformation.
  private static let facts = [
    "ComputerName", "PlatformType", "PlatformName", "PlatformVersion", "IpAddress", "AgentType",
    "AgentVersion",
  ]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan {
    found.contains("id")
      ? Plan(cost: 2, rows: 1, words: "each node named")
      : Plan(cost: 10_000, rows: 10_000, words: "all nodes, one by one")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    NodeRows(
      session, try session.nodes(bounds.values("id")), try session.moment(bounds),
      withTags: bounds.uses("tags"))
  }

  /// Reads a node's own words only where they are looked at.
  private final class NodeRows: RowSource {
    private let session: QuerySession
    private var nodes: any NodeWalk
    private let moment: Moment
    private let withTags: Bool
    private let facts = NodeTable.facts
    private var summary: NodeSummary?
    private var number: UInt32 = 0
    private var said: Item?

    init(_ session: QuerySession, _ nodes: any NodeWalk, _ moment: Moment, withTags: Bool) {
      self.session = session
      self.nodes = nodes
      self.moment = moment
      self.withTags = withTags
    }

    func next() throws -> Bool {
      said = nil
      guard let node = try nodes.next() else { return false }
      number = node.number
      summary = try session.history.read(session.scope, moment) { reader in
        var summary = try reader.summary(of: node.id, number: node.number, withTags: false)
        if withTags {
          summary?.tags = try reader.toldTags(of: node.id, number: node.number).list
        }
        return summary
      }
      return summary != nil
    }

    func column(_ index: Int, to result: borrowing SQLResult) throws {
      guard let summary else { return result.setNull() }
      switch index {
      case 0: result.set(.text(summary.node.text))
      case 1: result.set(.text(summary.status.description))
      case 2: result.set(SQLValue(summary.statusTime))
      case 3: result.set(SQLValue(summary.firstRecorded))
      case 4: result.set(SQLValue(summary.lastSeen))
      case 5:
        let tags = JSONValue.object(summary.tags.map { .init($0.name, .string($0.value)) })
        result.set(.text(tags.compact))
      case 6..<(6 + facts.count): result.set(SQLValue(try fact(facts[index - 6], summary.node)))
      case 6 + facts.count: result.set(.text(summary.scope.account))
      case 7 + facts.count: result.set(.text(summary.scope.region))
      default: result.setNull()
      }
    }

    private func fact(_ attribute: String, _ node: NodeID) throws -> String? {
      if said == nil {
        said =
          try session.history.read(session.scope, moment) { reader in
            try reader.state(of: node, number: number, type: .instanceInformation).items.first
          } ?? Item(sorted: [])
      }
      return said?[attribute]
    }
  }
}

/// `tags`: the tags of nodes, one a row.
final class TagTable: InventoryTable {
  let session: QuerySession
  let name = "tags"
  let columns = ["resourceid", "key", "value"].map { VirtualColumn($0) } + .moments
  let indexed: [String: Set<Comparison>] = ["resourceid": [.equal]]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan {
    found.contains("resourceid")
      ? Plan(cost: 2, rows: 5, words: "each node named")
      : Plan(cost: 10_000, rows: 50_000, words: "all nodes, one by one")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    let moment = try session.moment(bounds)
    var nodes = try session.nodes(bounds.values("resourceid"))
    return StreamedRows { [session] in
      guard let node = try nodes.next() else { return nil }
      let tags = try session.history.read(session.scope, moment) { reader in
        try reader.toldTags(of: node.id, number: node.number)
      }
      return tags.list.map { [.text(node.id.text), .text($0.name), .text($0.value)] }
    }
  }
}

/// `coverage`: how well founded what is known of each node and type is at a time: what a node without a package has
/// to be told apart from.
final class CoverageTable: InventoryTable {
  let session: QuerySession
  let name = "coverage"
  let columns =
    [
      "resourceid", "type", "knowledge", "observed_at", "last_confirmed", "next_observed",
      "schemaversion", "source",
    ].map { VirtualColumn($0) } + .moments
  let indexed: [String: Set<Comparison>] = ["resourceid": [.equal], "type": [.equal]]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan {
    let types = found.contains("type") ? 1.0 : 20.0
    return found.contains("resourceid")
      ? Plan(cost: 20 * types, rows: Int64(types), words: "the states of each node named")
      : Plan(
        cost: 200_000 * types, rows: Int64(10_000 * types),
        words: "the states of all nodes, one by one")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    let moment = try session.moment(bounds)
    var nodes = try session.nodes(bounds.values("resourceid"))
    let wanted = bounds.texts("type").map(Set.init)
    let types = session.types.map(\.type).filter { wanted?.contains($0.text) ?? true }
    return StreamedRows { [session] in
      guard let node = try nodes.next() else { return nil }
      return try session.history.read(session.scope, moment) { reader in
        try types.map { type in
          let state = try reader.state(of: node.id, number: node.number, type: type)
          return [
            .text(node.id.text), .text(type.text), .text(state.knowledge.rawValue),
            SQLValue(state.observedAt), SQLValue(state.lastConfirmed),
            SQLValue(state.nextObserved), SQLValue(state.schemaVersion),
            SQLValue(state.source.map(\.name)),
          ]
        }
      }
    }
  }
}

/// Rows that are made some at a time.
final class StreamedRows: RowSource {
  private var rows: [[SQLValue]] = []
  private var place = -1
  private let more: () throws -> [[SQLValue]]?

  /// - Parameter more: further rows, which may be none; nil where there are no more.
  init(_ more: @escaping () throws -> [[SQLValue]]?) { self.more = more }

  func next() throws -> Bool {
    place += 1
    while place >= rows.count {
      guard let more = try more() else {
        rows = []
        return false
      }
      rows = more
      place = 0
    }
    return true
  }

  func column(_ index: Int, to result: borrowing SQLResult) {
    let row = rows[place]
    index < row.count ? result.set(row[index]) : result.setNull()
  }
}
