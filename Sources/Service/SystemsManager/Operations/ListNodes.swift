import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let listNodes = Operation(
    "ListNodes", access: .read, load: .question,
    input: [.syncName, .nodeFilters, .nextToken, .maxResults()],
    errors: ["InvalidFilter", "InvalidNextToken", "ResourceDataSyncNotFoundException"]
  ) { try $0.listNodes($1) }

  private static let nodeKeys: Set<String> = [
    "AgentType", "AgentVersion", "ComputerName", "InstanceId", "InstanceStatus", "IpAddress",
    "ManagedStatus", "PlatformName", "PlatformType", "PlatformVersion", "ResourceType", "Region",
    "AccountId", "OrganizationalUnitId", "OrganizationalUnitPath",
  ]

  /// ListNodes.
  func listNodes(_ request: AWSRequest) throws -> JSONValue {
    try refuseSync(request)
    let token = try tokens.decode(request)
    var moment = moment(token)
    let filters = try nodeFilters(request, &moment)
    return try reading(request, moment) { reader in
      let changed = try changedNodes(request, moment, through: reader.sequence)
      let page = try page(
        request, moment, limit: request.integer("MaxResults") ?? 50, after: token?.position,
        in: reader, candidates: changed.map { $0.sorted { Self.precedes($0.text, $1.text) } }
      ) { node, number in
        guard let view = try reader.view(node, number),
          let row = Self.nodeRow(view, request.scope, filters)
        else { return nil }
        return Self.node(view, row, request.scope)
      }
      return .present([
        .init("Nodes", .array(page.values)), .init("NextToken", .text(page.token)),
      ])
    }
  }

  func refuseSync(_ request: AWSRequest) throws {
    guard let name = request.text("SyncName") else { return }
    throw AWSError(
      "ResourceDataSyncNotFoundException", "There is no resource data sync '\(name)'.",
      members: ["SyncName": name])
  }

  func nodeFilters(
    _ request: AWSRequest, _ moment: inout Moment
  ) throws(AWSError) -> [InventoryFilter] {
    var filters: [InventoryFilter] = []
    for value in request.list("Filters") {
      let (key, values) = (value["Key"]?.text ?? "", value["Values"]?.texts ?? [])
      let type = value["Type"]?.text
      if try moment.take(key: key, values: values, type: type) { continue }
      guard Self.nodeKeys.contains(key) else {
        throw InventoryFilter.invalid(
          "The filter key '\(key)' isn't known: \(Self.nodeKeys.sorted().joined(separator: ", ")).")
      }
      filters.append(
        InventoryFilter(
          type: .instanceInformation, attribute: key,
          comparison: InventoryFilter.Comparison(rawValue: type ?? "Equal") ?? .equal,
          values: values))
    }
    guard filters.count <= InventoryFilter.filtersMax else {
      throw .validation(
        "1 validation error detected: Value '\(filters.count) members' at 'filters' failed to "
          + "satisfy constraint: Member must have length less than or equal to "
          + "\(InventoryFilter.filtersMax)")
    }
    return filters
  }

  /// The attributes by which nodes are listed; nil for one that does not fulfil the filters.
  static func nodeRow(
    _ view: NodeView, _ scope: Scope, _ filters: [InventoryFilter]
  ) -> Item? {
    let row = Item(
      view.information.attributes.map { (key: $0.name, value: $0.value) } + [
        ("Region", scope.region), ("AccountId", scope.account), ("ManagedStatus", "Managed"),
      ])
    // "All" means any management status.
    let isWanted = filters.allSatisfy { filter in
      filter.attribute == "ManagedStatus" && filter.values.contains("All") || filter.matches(row)
    }
    return isWanted ? row : nil
  }

  private static func node(_ view: NodeView, _ row: Item, _ scope: Scope) -> JSONValue {
    let names = [
      "AgentType", "AgentVersion", "ComputerName", "InstanceStatus", "IpAddress", "ManagedStatus",
      "PlatformType", "PlatformName", "PlatformVersion", "ResourceType",
    ]
    return .object([
      .init("CaptureTime", .timestamp(view.captureTime)), .init("Id", .string(view.node.text)),
      .init("Owner", .object([.init("AccountId", .string(scope.account))])),
      .init("Region", .string(scope.region)),
      .init(
        "NodeType",
        .object([
          .init("Instance", .present(names.map { .init($0, .text(row[$0])) }))
        ])),
    ])
  }
}
