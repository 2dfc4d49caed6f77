import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import SystemsManager

extension Associations {
  static let getMessages = Operation(
    "GetMessages", access: .writeNode, load: .wait,
    input: [
      Field("Destination", .instanceID, required: true), Field("MessagesRequestId", .text(0, 256)),
      Field("VisibilityTimeoutInSeconds", .integer(min: 0, max: 3600)),
    ],
    errors: ["InvalidResourceId", "InvalidResourceType"]
  ) { try await $0.getMessages($1) }

  /// GetMessages: answers when there is a message, or nothing after a while.
  func getMessages(_ request: AWSRequest) async throws -> JSONValue {
    let id = request.text("Destination") ?? ""
    let node = try nodes.resource(id, "ManagedInstance", writing: request)
    if let heard = nodes.heard.heard(request.scope, id) {
      // Who asks for messages lives.
      nodes.heard.note(
        request.scope, id,
        .init(time: store.preciseNow.milliseconds, isInactive: false, said: heard.said))
    }
    let scoped = ScopedNode(scope: request.scope, id: node.text)
    if !mailboxes.knows(scoped) {
      // It was asked to run while nobody here knew that it asks for messages.
      try remind(node, request.scope)
    }
    let hidden = Int64(request.integer("VisibilityTimeoutInSeconds") ?? 10)
    let messages = await mailboxes.messages(
      for: scoped, hiddenSeconds: hidden, now: store.preciseNow)
    return .object([
      .init("Destination", .string(id)),
      .init("MessagesRequestId", .string(request.text("MessagesRequestId") ?? "")),
      .init("Messages", .array(messages.map(\.json))),
    ])
  }
}
