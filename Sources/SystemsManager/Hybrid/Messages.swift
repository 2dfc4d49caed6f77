import Crypto
import FoundationEssentials
import HistoryStore
import Inventory
import JSONTape

/// A message for an agent.
///
/// Form as observed on the agent's message service.
struct Message: Sendable {
  var id: String
  var node: String
  var created: Instant
  var topic: String
  var payload: String
  /// For how long a message that was given out is not given out again.
  var hiddenMilliseconds: Int64 = 10_000

  /// The word to run associations at once.
  static func refresh(_ node: String, _ associations: [String], now: Instant) -> Message {
    let command = UUID().uuidString.lowercased()
    let document = JSONValue.object([
      .init("schemaVersion", .string("2.0")),
      .init("description", .string("Runs associations at once.")),
      .init("parameters", .object([])),
      .init(
        "mainSteps",
        .array([
          .object([
            .init("action", .string("aws:refreshAssociation")),
            .init("name", .string("refreshAssociation")),
            .init(
              "inputs",
              .object([
                .init("associationIds", .array(associations.map { .string($0) }))
              ])),
          ])
        ])),
    ])
    let payload = JSONValue.object([
      .init("CommandId", .string(command)),
      .init("DocumentName", .string("AWS-RefreshAssociation")),
      .init("Parameters", .object([])), .init("DocumentContent", document),
      .init("OutputS3BucketName", .string("")), .init("OutputS3KeyPrefix", .string("")),
      .init("CloudWatchOutputEnabled", .string("false")),
    ])
    return Message(
      id: "aws.ssm.\(command).\(node)", node: node, created: now,
      topic: "aws.ssm.sendCommand.stocktake", payload: payload.compact)
  }

  var json: JSONValue {
    .object([
      .init("MessageId", .string(id)), .init("Topic", .string(topic)),
      .init("CreatedDate", .string(created.description)), .init("Destination", .string(node)),
      .init(
        "PayloadDigest", .string(HexText.of(SHA256.hash(data: Array(payload.utf8))))),
      .init("Payload", .string(payload)),
    ])
  }
}

extension SystemsManager {
  /// GetMessages: answers when there is a message, or nothing after a while.
  func getMessages(_ request: Request) async throws -> JSONValue {
    let id = request.text("Destination") ?? ""
    let node = try resource(id, "ManagedInstance", writing: request)
    if let heard = heard.heard(request.scope, id) {
      // Who asks for messages lives.
      self.heard.note(
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

  /// AcknowledgeMessage, DeleteMessage and FailMessage: the message is not given out again.
  func takeMessage(_ request: Request) throws -> JSONValue {
    _ = mailboxes.remove(
      request.text("MessageId") ?? "", of: try destination(of: request))
    return .object([])
  }

  /// SendReply: what came of a message is told of the association; it is not given out again once it is over.
  ///
  /// An agent that cannot read a message says so by a reply alone, and acknowledges nothing.
  func replyToMessage(_ request: Request) throws -> JSONValue {
    let node = try destination(of: request)
    let payload = try? JSONValue(parsing: Array((request.text("Payload") ?? "").utf8).span.bytes)
    if let status = payload?["documentStatus"]?.text, Self.finalStatuses.contains(status) {
      _ = mailboxes.remove(request.text("MessageId") ?? "", of: node)
    }
    return .object([])
  }

  private static let finalStatuses: Set<String> = ["Success", "Failed", "TimedOut", "Cancelled"]

  /// The node at the end of a message's id, which must be the one that asks.
  private func destination(of request: Request) throws -> ScopedNode {
    let id = request.text("MessageId") ?? ""
    let node = String(id.split(separator: ".").last ?? "")
    return ScopedNode(
      scope: request.scope, id: try resource(node, "ManagedInstance", writing: request).text)
  }
}
