import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let listInventoryEntries = Operation(
    "ListInventoryEntries", access: .read, load: .lookup,
    input: [
      Field("InstanceId", .anyInstanceID, required: true),
      Field("TypeName", .typeName, required: true),
      .inventoryFilters, .nextToken, .maxResults(),
    ],
    errors: ["InvalidFilter", "InvalidInstanceId", "InvalidNextToken", "InvalidTypeNameException"]
  ) { try $0.listInventoryEntries($1) }

  /// ListInventoryEntries: the rows of one type of one node.
  func listInventoryEntries(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    var moment = moment(token)
    guard let type = try? TypeName(request.text("TypeName") ?? ""),
      let known = try? InventoryFilter.known(type)
    else {
      throw AWSError(
        "InvalidTypeNameException",
        "The inventory type \(request.text("TypeName") ?? "") isn't known.")
    }
    let filters = try InventoryFilter.parse(request.list("Filters"), &moment, ofType: known)
    let id = request.text("InstanceId") ?? ""
    return try reading(request, moment) { reader in
      guard let node = try? NodeID(id), let number = try reader.number(of: node) else {
        throw Self.unknownNode(id)
      }
      let found = try rows(of: node, number, type, reader)
      var rows = found.rows
      if let since = moment.changedSince {
        let fresh = try changedItems(of: node, type, since: since, request, moment)
        rows = rows.filter { fresh.contains($0) }
      }
      if !filters.isEmpty {
        rows = rows.filter { row in filters.allSatisfy { $0.matches(row) } }
      }
      let page = tokens.slice(
        rows, request, token, sequence: reader.sequence.value, asked: moment.asked)
      return .present([
        .init("TypeName", .string(type.text)), .init("InstanceId", .string(id)),
        .init("SchemaVersion", .text(found.version)),
        .init("CaptureTime", .text(found.time?.description)),
        .init("Entries", .array(page.values.map(JSONValue.row))),
        .init("NextToken", .text(page.token)),
      ])
    }
  }

  /// The rows of a type, in the order in which the store has them.
  private func rows(
    of node: NodeID, _ number: UInt32, _ type: TypeName, _ reader: borrowing HistoryReader
  ) throws -> (rows: [Item], version: String?, time: Instant?) {
    if type == .instanceInformation {
      guard let view = try reader.view(node, number) else { return ([], nil, nil) }
      return ([view.information], view.schemaVersion, view.captureTime)
    }
    let state = try reader.state(of: node, number: number, type: type)
    guard state.knowledge == .observed else { return ([], nil, nil) }
    return (Array(state.items), state.schemaVersion, state.lastConfirmed ?? state.observedAt)
  }

  /// The items that came or changed at or after a time.
  private func changedItems(
    of node: NodeID, _ type: TypeName, since: Instant, _ request: AWSRequest, _ moment: Moment
  ) throws -> Set<Item> {
    let changes = try store.history(
      of: node, type: type, from: since, to: moment.at.map { $0.advanced(bySeconds: 1) },
      knownAt: moment.knownAt, in: request.scope)
    return Set(changes.compactMap(\.new))
  }
}
