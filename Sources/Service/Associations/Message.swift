import AWSProtocol
import Crypto
import HistoryStore
import Inventory
import JSONTape
import SystemsManager
import PlainText

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

  /// The id of the word to run an association at once: the same for as long as it asks for the same run.
  ///
  /// The agent keeps the ids of commands it had, and runs none of them twice: so a word that a crash has the
  /// server give out again is known to it.
  static func command(
    _ node: String, _ effective: EffectiveAssociation, asked: Int64, _ scope: Scope
  ) -> String {
    let text = "\(scope) \(node) \(effective.id) \(effective.checksum) \(asked)"
    let digits = Array(Hex.text(SHA256.hash(data: Array(text.utf8))))
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
      .joined(separator: "-")
  }

  /// The word to run an association at once.
  ///
  /// - Parameter command: the id that ``command(_:_:asked:_:)`` gives it.
  static func refresh(
    _ node: String, _ association: String, command: String, now: Instant
  ) -> Message {
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
                .init("associationIds", .array([.string(association)]))
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
      id: id(command, node), node: node, created: now,
      topic: "aws.ssm.sendCommand.stocktake", payload: payload.compact)
  }

  /// The id of the message that carries a command.
  static func id(_ command: String, _ node: String) -> String { "aws.ssm.\(command).\(node)" }

  var json: JSONValue {
    .object([
      .init("MessageId", .string(id)), .init("Topic", .string(topic)),
      .init("CreatedDate", .string(created.description)), .init("Destination", .string(node)),
      .init(
        "PayloadDigest", .string(Hex.text(SHA256.hash(data: Array(payload.utf8))))),
      .init("Payload", .string(payload)),
    ])
  }
}

extension Associations {
  /// The node at the end of a message's id, which must be the one that asks.
  func destination(of request: AWSRequest) throws -> NodeID {
    let id = request.text("MessageId") ?? ""
    let node = String(id.split(separator: ".").last ?? "")
    return try nodes.resource(node, "ManagedInstance", writing: request)
  }

  /// Keeps that a node has the word to run, where it is a word that a server would give out once more after
  /// a crash: one that somebody asked for, and that has not led to a run yet.
  func noteAcknowledged(_ id: String, by node: NodeID, _ scope: Scope) throws {
    guard let effective = try effective(node, scope) else { return }
    try changeRun(effective.id, node.text, scope) { run in
      let asked = effective.asked(run)
      let command = Message.command(node.text, effective, asked: asked, scope)
      guard asked > run.recorded, run.acknowledged != command,
        id == Message.id(command, node.text)
      else { return false }
      run.acknowledged = command
      return true
    }
  }
}
