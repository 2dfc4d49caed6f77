import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let sendReply = Operation(
    "SendReply", access: .writeNode, load: .agentCall, input: Field.messageAnswer,
    errors: ["InvalidResourceId", "InvalidResourceType"]
  ) { try $0.replyToMessage($1) }

  /// SendReply: what came of a message is told of the association; it is not given out again once it is over.
  ///
  /// An agent that cannot read a message says so by a reply alone, and acknowledges nothing.
  func replyToMessage(_ request: AWSRequest) throws -> JSONValue {
    let node = try destination(of: request)
    let payload = try? JSONValue(parsing: Array((request.text("Payload") ?? "").utf8))
    if let status = payload?["documentStatus"]?.text, Self.finalStatuses.contains(status) {
      let id = request.text("MessageId") ?? ""
      _ = mailboxes.remove(id, of: ScopedNode(scope: request.scope, id: node.text))
      try noteAcknowledged(id, by: node, request.scope)
    }
    return .object([])
  }

  private static let finalStatuses: Set<String> = ["Success", "Failed", "TimedOut", "Cancelled"]
}
