import AccessKeys
import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  /// PutInventory: the body goes to the store as it is, which reads it much faster than a tree would.
  func putInventory(_ body: [UInt8], for caller: Caller) async throws -> Answer {
    var body = body
    if schemaBlocks.hasDisabled(in: caller.scope) {
      guard let allowed = try dropDisabled(body, caller.scope) else {
        return Answer(body: Self.done)
      }
      body = allowed
    }
    let acceptsAny = configuration.acceptsAnyNodeID
    do {
      let receipt = try await store.record(json: body, in: caller.scope) { report in
        let node = report.node
        guard acceptsAny || TextForm.isInstanceID(node.text) else {
          throw ReportError(
            .invalidNodeID,
            "1 validation error detected: Value '\(node.text)' at 'instanceId' failed to satisfy "
              + "constraint: Member must satisfy regular expression pattern: "
              + TextForm.instanceID.pattern)
        }
        if let objection = caller.objection(to: report) {
          throw AWSError("AccessDeniedException", objection)
        }
      }
      return Answer(
        body: Self.done, deed: Deed(report: receipt, "PutInventory", by: caller))
    } catch let error as ReportError {
      throw Self.named(error)
    }
  }

  private static let done = Array(#"{"Message":"Inventory was recorded."}"#.utf8)

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

  /// The body without items of custom types at versions that are disabled; nil where none are left.
  private func dropDisabled(_ body: [UInt8], _ scope: Scope) throws -> [UInt8]? {
    guard let request = try? JSONValue(parsing: body.span.bytes),
      let items = request["Items"]?.elements
    else { return body }
    let kept = items.filter { item in
      guard let type = item["TypeName"]?.text, let version = item["SchemaVersion"]?.text else {
        return true
      }
      return !schemaBlocks.isDisabled(type, version: version, in: scope)
    }
    if kept.count == items.count { return body }
    if kept.isEmpty { return nil }
    var bytes: [UInt8] = []
    JSONValue.object(
      request.members.map { $0.name == "Items" ? .init("Items", .array(kept)) : $0 }
    ).write(to: &bytes)
    return bytes
  }
}
