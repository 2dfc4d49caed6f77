import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let getInventorySchema = Operation(
    "GetInventorySchema", access: .read, load: .question,
    input: [
      Field("TypeName", .text(0, 100)), .nextToken, .maxResults(50, 200),
      Field("Aggregator", .boolean), Field("SubType", .boolean),
    ],
    errors: ["InvalidNextToken", "InvalidTypeNameException"]
  ) { try $0.getInventorySchema($1) }

  /// The types that can be aggregated, their names for people, and the attributes for it.
  private static let aggregatable: [(type: String, name: String, attributes: [String])] = [
    ("AWS:Application", "Application", ["Name", "Version"]),
    (
      "AWS:InstanceInformation", "Platform", ["PlatformName", "PlatformType", "PlatformVersion"]
    ),
    ("AWS:ResourceGroup", "ResourceGroup", ["Name"]),
    (
      "AWS:Service", "Service", ["Name", "DisplayName", "ServiceType", "Status", "StartType"]
    ),
    (
      "AWS:WindowsRole", "WindowsRole", ["Name", "DisplayName", "FeatureType", "Installed"]
    ),
  ]

  /// GetInventorySchema: the built-in types, then the custom ones that were reported.
  func getInventorySchema(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let wanted = request.text("TypeName").flatMap { $0.isEmpty ? nil : $0 }
    let schemas = try reading(request, moment(token)) { reader in
      request.flag("Aggregator")
        ? Self.aggregatable.filter { wanted == nil || wanted == $0.type }.map(Self.schema)
        : try self.schemas(wanted, request, reader)
    }
    if let wanted, schemas.isEmpty, !request.flag("Aggregator") || !isBuiltIn(wanted) {
      throw AWSError(
        "InvalidTypeNameException", "The inventory type \(wanted) isn't known.")
    }
    let page = tokens.slice(
      schemas, request, token, sequence: try store.lastSequence.value, asked: store.now)
    return .present([
      .init("Schemas", .array(page.values)), .init("NextToken", .text(page.token)),
    ])
  }

  private func isBuiltIn(_ name: String) -> Bool { TypeDefinition.builtIn[name] != nil }

  private static func schema(
    _ type: String, _ name: String, _ attributes: [String]
  ) -> JSONValue {
    .object([
      .init("TypeName", .string(type)), .init("Version", .string("1.0")),
      .init("Attributes", .array(attributes.map { attribute($0, isNumber: false) })),
      .init("DisplayName", .string(name)),
    ])
  }

  private func schemas(
    _ wanted: String?, _ request: AWSRequest, _ reader: borrowing HistoryReader
  ) throws -> [JSONValue] {
    let deleted = schemaBlocks.deleted(in: request.scope)
    var custom: [TypeName] = []
    for type in reader.types where type.text.hasPrefix("Custom:") {
      if deleted.contains(type), try !Self.isReported(type, reader) { continue }
      custom.append(type)
    }
    let names = TypeDefinition.builtIn.values.map(\.name).sorted() + custom.sorted()
    var schemas: [JSONValue] = []
    for type in names where wanted == nil || wanted == type.text {
      let definition = TypeDefinition.of(type)
      let seen = try reader.schema(of: type)
      var attributes = definition.attributes
      for name in seen?.attributes ?? [] where !attributes.contains(name) {
        attributes.append(name)
      }
      // A type of which only empty contents came has no attributes yet, and the model wants one.
      guard !attributes.isEmpty else { continue }
      schemas.append(
        .object([
          .init("TypeName", .string(type.text)),
          .init("Version", .string(seen?.versions.last ?? definition.versions.last ?? "1.0")),
          .init(
            "Attributes",
            .array(
              attributes.prefix(50).map {
                Self.attribute($0, isNumber: definition.numbers.contains($0))
              })),
        ]))
    }
    return schemas
  }

  /// Whether any node has the type: one that was deleted and came again is listed again.
  private static func isReported(
    _ type: TypeName, _ reader: borrowing HistoryReader
  ) throws -> Bool {
    var isReported = false
    try reader.forEachNode(after: nil) { node, number in
      let state = try reader.state(of: node, number: number, type: type)
      isReported = state.knowledge == .observed
      return !isReported
    }
    return isReported
  }

  private static func attribute(_ name: String, isNumber: Bool) -> JSONValue {
    .object([
      .init("Name", .string(name)), .init("DataType", .string(isNumber ? "NUMBER" : "STRING")),
    ])
  }
}
