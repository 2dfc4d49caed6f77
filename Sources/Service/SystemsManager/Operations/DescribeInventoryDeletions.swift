import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let describeInventoryDeletions = Operation(
    "DescribeInventoryDeletions", access: .read, load: .lookup,
    input: [
      Field("DeletionId", .form(.uuid)), .nextToken, .maxResults(),
    ],
    errors: ["InvalidDeletionIdException", "InvalidNextToken"]
  ) { try $0.describeInventoryDeletions($1) }

  /// DescribeInventoryDeletions: those of the last 30 days, newest first.
  func describeInventoryDeletions(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let asked = token?.asked ?? store.now
    let oldest = asked.advanced(bySeconds: -30 * 86400)
    var deletions = try Deletion.all(request.scope, store)
      .filter { $0.started >= oldest && $0.started <= asked }
      .sorted { ($1.started, $1.id) < ($0.started, $0.id) }
    if let id = request.text("DeletionId") {
      deletions = deletions.filter { $0.id == id }
      guard !deletions.isEmpty else {
        throw AWSError(
          "InvalidDeletionIdException", "There is no deletion \(id) in the last 30 days.")
      }
    }
    let page = tokens.slice(deletions, request, token, asked: asked)
    return .present([
      .init("InventoryDeletions", .array(page.values.map(Self.status))),
      .init("NextToken", .text(page.token)),
    ])
  }

  private static func status(_ deletion: Deletion) -> JSONValue {
    .object([
      .init("DeletionId", .string(deletion.id)), .init("TypeName", .string(deletion.type.text)),
      .init("DeletionStartTime", .timestamp(deletion.started)),
      .init("LastStatus", .string(deletion.ended == nil ? "InProgress" : "Complete")),
      .init(
        "LastStatusMessage",
        .string(deletion.ended == nil ? "Deletion is running" : "Deletion is successful")),
      .init(
        "DeletionSummary", deletionSummary(deletion.versions, remaining: deletion.ended == nil)),
      .init("LastStatusUpdateTime", .timestamp(deletion.ended ?? deletion.started)),
    ])
  }
}
