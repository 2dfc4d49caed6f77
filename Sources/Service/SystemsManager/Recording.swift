package import AWSProtocol
import HistoryStore
package import Inventory

extension SystemsManager {
  /// The errors of operations that record a report.
  static let recordingErrors: Set<String> = [
    "CustomSchemaCountLimitExceededException", "InvalidItemContentException",
    "InvalidTypeNameException", "ItemContentMismatchException", "ItemSizeLimitExceededException",
    "TotalSizeLimitExceededException", "UnsupportedInventoryItemContextException",
    "UnsupportedInventorySchemaVersionException",
  ]

  /// A refusal of the store in the words of the service.
  static func named(_ error: ReportError) -> AWSError {
    var members: [String: String] = [:]
    if let type = error.type { members["TypeName"] = type }
    let name =
      switch error.code {
      case .malformedJSON: "SerializationException"
      case .invalidRequest, .invalidNodeID, .invalidCaptureTime: "ValidationException"
      // Accounts and Regions are those of the signature, which were looked at before.
      case .invalidScope: "AccessDeniedException"
      case .invalidTypeName: "InvalidTypeNameException"
      case .unsupportedSchemaVersion: "UnsupportedInventorySchemaVersionException"
      case .invalidItemContent: "InvalidItemContentException"
      case .unsupportedContext: "UnsupportedInventoryItemContextException"
      case .tooLarge:
        error.type == nil
          ? "TotalSizeLimitExceededException" : "ItemSizeLimitExceededException"
      case .tooManyTypes: "CustomSchemaCountLimitExceededException"
      // Of imports alone, which do not come this way.
      case .tooManySources: "InternalServerError"
      case .contentMismatch: "ItemContentMismatchException"
      case .historyDamaged: "InternalServerError"
      }
    let message = error.code == .invalidNodeID ? error.message : error.description
    return AWSError(
      name, message, status: error.code == .historyDamaged ? 500 : 400, members: members)
  }

  /// The error of what names a node that is not known.
  package static func unknownNode(_ id: String) -> AWSError {
    AWSError(
      "InvalidInstanceId", "The node '\(id)' isn't known in this account and Region.")
  }

  /// Records a report of the server's own making.
  func record(_ report: Report, _ scope: Scope) async throws {
    do { _ = try await store.record(report, in: scope) } catch let error as ReportError {
      throw Self.named(error)
    }
  }

  /// The node that a request names as a resource, which the client must be allowed to write.
  package func resource(
    _ id: String, _ type: String?, writing request: AWSRequest
  ) throws(AWSError) -> NodeID {
    guard type == "ManagedInstance" else {
      throw AWSError(
        "InvalidResourceType", "The resource type must be ManagedInstance.")
    }
    guard configuration.acceptsAnyNodeID || TextForm.isInstanceID(id), let node = try? NodeID(id)
    else {
      throw AWSError("InvalidResourceId", "'\(id)' isn't the id of a managed node.")
    }
    guard request.caller.may(.writeNode, on: id) else {
      throw AWSError("AccessDeniedException", "The access key may not write for \(id).")
    }
    return node
  }
}
