import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let describeDocument = Operation(
    "DescribeDocument", access: .known, load: .lookup,
    input: [
      Field("Name", .documentName, required: true), .documentVersion, .versionName,
    ],
    errors: ["InvalidDocument", "InvalidDocumentVersion"]
  ) { try $0.describeDocument($1) }

  /// DescribeDocument.
  func describeDocument(_ request: AWSRequest) throws -> JSONValue {
    try document(request)
    let parameters = GatherDocument.parameters.map { parameter in
      JSONValue.object([
        .init("Name", .string(parameter.name)),
        .init("Type", .string(parameter.type)),
        .init("Description", .string(parameter.description)),
        .init("DefaultValue", .string(parameter.standard)),
      ])
    }
    return .object([
      .init(
        "Document",
        .object(
          Self.documentSummary + [
            .init("Hash", .string(GatherDocument.hash)), .init("HashType", .string("Sha256")),
            .init("Status", .string("Active")),
            .init("Description", .string(GatherDocument.description)),
            .init("Parameters", .array(parameters)),
            .init("LatestVersion", .string(GatherDocument.version)),
            .init("DefaultVersion", .string(GatherDocument.version)),
          ]))
    ])
  }
}
