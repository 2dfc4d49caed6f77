import AWSProtocol
import JSONTape

extension Associations {
  static let failMessage = Operation(
    "FailMessage", access: .writeNode, load: .agentCall, input: Field.messageAnswer,
    errors: ["InvalidResourceId", "InvalidResourceType"]
  ) { try $0.takeMessage($1) }
}
