import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let getInventory = Operation(
    "GetInventory", access: .read, load: .question,
    input: [
      .inventoryFilters, Field("Aggregators", .list(.inventoryAggregator, min: 1, max: 10)),
      Field(
        "ResultAttributes",
        .list(.structure([Field("TypeName", .typeName, required: true)]), min: 1, max: 1)),
      .nextToken, .maxResults(),
    ],
    errors: [
      "InvalidAggregatorException", "InvalidFilter", "InvalidInventoryGroupException",
      "InvalidNextToken", "InvalidResultAttributeException", "InvalidTypeNameException",
    ]
  ) { try $0.getInventory($1) }

  /// GetInventory: nodes that fulfil filters with one type of each, or counts of them.
  func getInventory(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    var moment = moment(token)
    let filters = try InventoryFilter.parse(request.list("Filters"), &moment)
    let type = try resultType(request)
    if request.input["Aggregators"] != nil {
      return try aggregate(request, filters, moment)
    }
    let limit = request.integer("MaxResults") ?? 50
    return try reading(request, moment) { reader in
      var condition = NodeCondition(filters)
      let changed = try changedNodes(request, moment, through: reader.sequence)
      let candidates =
        try changed.map { $0.sorted { Self.precedes($0.text, $1.text) } }
        ?? condition.candidates(reader)
      let page = try page(
        request, moment, limit: limit, after: token?.position, in: reader, candidates: candidates
      ) { node, number in
        guard let view = try reader.view(node, number), try condition.matches(view, reader) else {
          return nil
        }
        return .object([
          .init("Id", .string(node.text)),
          .init("Data", .object(try Self.item(view, type, reader))),
        ])
      }
      return .present([
        .init("Entities", .array(page.values)), .init("NextToken", .text(page.token)),
      ])
    }
  }

  /// The type that is shown of each node.
  private func resultType(_ request: AWSRequest) throws -> TypeName {
    guard let name = request.list("ResultAttributes").first?["TypeName"]?.text else {
      return .instanceInformation
    }
    guard let type = try? TypeName(name),
      name.hasPrefix("Custom:") || TypeDefinition.builtIn[name] != nil
    else {
      throw AWSError(
        "InvalidResultAttributeException", "The inventory type \(name) isn't known.",
        members: ["TypeName": name])
    }
    return type
  }

  /// The data of a node's type as a member of `Data`; none where it was not observed.
  private static func item(
    _ view: NodeView, _ type: TypeName, _ reader: borrowing HistoryReader
  ) throws -> [JSONValue.Member] {
    if type == .instanceInformation {
      return [
        .init(
          type.text,
          .object([
            .init("TypeName", .string(type.text)),
            .init("SchemaVersion", .string(view.schemaVersion)),
            .init("CaptureTime", .string(view.captureTime.description)),
            .init("Content", .array([.row(view.information)])),
          ]))
      ]
    }
    let state = try reader.state(of: view.node, number: view.number, type: type)
    guard state.knowledge == .observed else { return [] }
    // The hash is that of the newest content, whatever the date of the question.
    let hash =
      reader.at == nil ? try reader.contentHash(number: view.number, type: type) : nil
    return [
      .init(
        type.text,
        .present([
          .init("TypeName", .string(type.text)),
          .init("SchemaVersion", .string(state.schemaVersion ?? "1.0")),
          .init(
            "CaptureTime", .text((state.lastConfirmed ?? state.observedAt)?.description)),
          .init("ContentHash", .text(hash)), .init("Content", .raw(state.items.json)),
        ]))
    ]
  }

  private func aggregate(
    _ request: AWSRequest, _ filters: [InventoryFilter], _ start: Moment
  ) throws -> JSONValue {
    var moment = start
    var aggregation = try Aggregation(request.list("Aggregators"), &moment)
    return try reading(request, moment) { reader in
      var condition = NodeCondition(filters)
      let changed = try changedNodes(request, moment, through: reader.sequence)
      func take(_ node: NodeID, _ number: UInt32) throws -> Bool {
        if let view = try reader.view(node, number), try condition.matches(view, reader) {
          try aggregation.count(view, reader)
        }
        return true
      }
      if let candidates = try changed.map(Array.init) ?? condition.candidates(reader) {
        for node in candidates {
          if let number = try reader.number(of: node) { _ = try take(node, number) }
        }
      } else {
        try reader.forEachNode(after: nil, take)
      }
      return .object([.init("Entities", .array([aggregation.entity]))])
    }
  }
}
