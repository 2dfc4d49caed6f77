import HistoryStore
import Inventory
import Questions
import SQLite

/// `items`: the items of all types as all nodes had them at a time, attributes as JSON.
final class ItemTable: InventoryTable {
  let session: QuerySession
  let name = "items"
  let columns =
    ["resourceid", "type", "name", "version", "attributes", "accountid", "region"]
    .map { VirtualColumn($0) } + .moments
  let indexed: [String: Set<Comparison>] = [
    "resourceid": [.equal], "type": [.equal], "name": [.equal],
  ]

  init(_ session: QuerySession) { self.session = session }

  func cost(_ found: Set<String>) -> Plan {
    let types = found.contains("type") ? 1.0 : 20.0
    if found.contains("resourceid") {
      return Plan(
        cost: 100 * types, rows: Int64(100 * types), words: "the states of each node named")
    }
    return found.contains("name")
      ? Plan(
        cost: 20_000 * types, rows: 1000,
        words: "the holders of each name, where types have such, else the states of all nodes")
      : Plan(
        cost: 5_000_000 * types, rows: Int64(5_000_000 * types),
        words: "the states of all nodes, one by one")
  }

  func walk(_ bounds: NamedBounds) throws -> any RowSource {
    let moment = try session.moment(bounds)
    let wanted = bounds.texts("type").map(Set.init)
    let names = bounds.texts("name")
    let nodes = bounds.values("resourceid")
    let walks = session.types.filter { wanted?.contains($0.type.text) ?? true }.map { type in
      { [session] in
        // Holders are found by what identifies an item first, which is its name in most types.
        try session.items(
          of: type.type, moment, nodes: nodes,
          names: type.identity.first == "Name" ? names : nil, needsState: bounds.uses("attributes"))
      }
    }
    return ItemRows(JoinedWalks(walks), session.scope)
  }
}

private final class ItemRows: RowSource {
  private let items: any ItemWalk
  private let scope: Scope

  init(_ items: any ItemWalk, _ scope: Scope) {
    self.items = items
    self.scope = scope
  }

  func next() throws -> Bool { try items.next() }

  func column(_ index: Int, to result: borrowing SQLResult) {
    switch index {
    case 0: result.set(.text(items.node.text))
    case 1: result.set(.text(items.type.text))
    case 2: result.set(SQLValue(NameFilter.name(of: items.item, of: items.type)))
    case 3:
      var bytes: [UInt8] = []
      items.appendValue(of: "Version", to: &bytes) ? result.set(utf8: bytes) : result.setNull()
    case 4: result.set(SQLValue(json: items.item))
    case 5: result.set(.text(scope.account))
    case 6: result.set(.text(scope.region))
    default: result.setNull()
    }
  }
}

extension SQLValue {
  /// An item as a JSON object; nil as NULL.
  init(json item: Item?) {
    guard let item else {
      self = .null
      return
    }
    var bytes: [UInt8] = []
    item.appendJSON(to: &bytes)
    self = .text(String(decoding: bytes, as: UTF8.self))
  }
}
