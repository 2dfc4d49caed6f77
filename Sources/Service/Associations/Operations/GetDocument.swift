import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let getDocument = Operation(
    "GetDocument", access: .known, load: .agentCall,
    input: [
      Field("Name", .documentName, required: true), .versionName, .documentVersion,
      Field("DocumentFormat", .word("YAML", "JSON", "TEXT")),
    ],
    errors: ["InvalidDocument", "InvalidDocumentVersion"]
  ) { try $0.getDocument($1) }

  /// GetDocument.
  func getDocument(_ request: AWSRequest) throws -> JSONValue {
    try document(request)
    return .object([
      .init("Name", .string(GatherDocument.name)),
      .init("CreatedDate", .timestamp(GatherDocument.created)),
      .init("DocumentVersion", .string(GatherDocument.version)),
      .init("Status", .string("Active")), .init("Content", .string(GatherDocument.content)),
      .init("DocumentType", .string("Command")), .init("DocumentFormat", .string("JSON")),
    ])
  }
}
