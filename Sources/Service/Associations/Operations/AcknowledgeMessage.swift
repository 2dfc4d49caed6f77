import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let acknowledgeMessage = Operation(
    "AcknowledgeMessage", access: .writeNode, load: .agentCall, input: Field.messageAnswer,
    errors: ["InvalidResourceId", "InvalidResourceType"]
  ) { try $0.takeMessage($1) }

  /// AcknowledgeMessage, DeleteMessage and FailMessage: the message is not given out again, by no server
  /// that comes after this one either.
  func takeMessage(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("MessageId") ?? ""
    let node = try destination(of: request)
    _ = mailboxes.remove(id, of: ScopedNode(scope: request.scope, id: node.text))
    try noteAcknowledged(id, by: node, request.scope)
    return .object([])
  }
}
