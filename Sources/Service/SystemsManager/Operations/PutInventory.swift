import AccessKeys
import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let putInventory = Operation(
    "PutInventory", access: .writeNode, load: .report, errors: recordingErrors,
    body: { try await $0.putInventory($1, for: $2) }
  ).onRefusal { manager, error in
    // Too much to do, or a fault of the server: an agent's run that fails now is not the agent's fault.
    guard error.status == 429 || error.status >= 500 else { return }
    manager.refusedReports.note(now: manager.store.preciseNow.milliseconds)
  }

  /// PutInventory: the body goes to the store as it is, which reads it much faster than a tree would.
  func putInventory(_ body: [UInt8], for caller: Caller) async throws -> AWSReply {
    var body = body
    if schemaBlocks.hasDisabled(in: caller.scope) {
      guard let allowed = try dropDisabled(body, caller.scope) else {
        return AWSReply(body: Self.done)
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
      return AWSReply(
        body: Self.done, deed: Deed(report: receipt, "PutInventory", by: caller))
    } catch let error as ReportError {
      throw Self.named(error)
    }
  }

  private static let done = Array(#"{"Message":"Inventory was recorded."}"#.utf8)

  /// The body without items of custom types at versions that are disabled; nil where none are left.
  private func dropDisabled(_ body: [UInt8], _ scope: Scope) throws -> [UInt8]? {
    guard let request = try? JSONValue(parsing: body),
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
    return JSONValue.object(
      request.members.map { $0.name == "Items" ? .init("Items", .array(kept)) : $0 }
    ).bytes
  }
}
