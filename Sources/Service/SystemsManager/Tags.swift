package import AWSProtocol
import HistoryStore
package import Inventory
package import JSONTape
package import NodeRegistry

extension SystemsManager {
  private static let tagType = try? TypeName("AWS:Tag")
  /// Tags a node can have.
  static let tagsMax = 50

  func changeTags(
    _ request: AWSRequest, _ change: @Sendable (inout [String: String]) throws -> Void
  ) async throws -> JSONValue {
    let id = request.text("ResourceId") ?? ""
    if request.text("ResourceType") == "Association" {
      try tasks?.changeTags(of: id, in: request.scope, change)
      return .object([])
    }
    let node = try resource(id, request.text("ResourceType"), writing: request)
    guard let type = Self.tagType else { throw AWSError.internalError }
    return try await turns.take("\(request.scope) \(id)") {
      let (before, observedAt) = try tags(of: node, request, Moment(asked: store.now))
      var after = before
      try change(&after)
      guard after != before else { return .object([]) }
      let rows = after.sorted { $0.key < $1.key }.map {
        Item([("Key", $0.key), ("Value", $0.value)])
      }
      let valid = max(store.now, observedAt ?? .distantPast)
      try await record(
        Report(
          node: node,
          entries: [
            .init(type: type, schemaVersion: "1.0", captureTime: valid, content: rows)
          ]), request.scope)
      try tasks?.tagsChanged(of: node, in: request.scope)
      return .object([])
    }
  }

  /// The tags of a node that is known; it throws for one that is not.
  func tags(
    of node: NodeID, _ request: AWSRequest, _ moment: Moment
  ) throws -> (tags: [String: String], observedAt: Instant?) {
    guard let type = Self.tagType else { throw AWSError.internalError }
    return try reading(request, moment) { reader in
      guard let number = try reader.number(of: node) else {
        throw AWSError("InvalidResourceId", "The node '\(node)' isn't known.")
      }
      let state = try reader.state(of: node, number: number, type: type)
      var tags: [String: String] = [:]
      for item in state.items { tags[item["Key"] ?? ""] = item["Value"] ?? "" }
      return (tags, state.observedAt)
    }
  }

  /// The tags of a node; none of one that is not known.
  package func tags(of node: NodeID, in scope: Scope) throws -> [String: String] {
    try store.reading(scope) { reader in
      guard let number = try reader.number(of: node), let view = try reader.view(node, number)
      else { return [:] }
      return try Self.tags(view, reader)
    }
  }
}

extension Activation.Tag {
  /// As requests and answers have it.
  package var json: JSONValue {
    .object([.init("Key", .string(key)), .init("Value", .string(value))])
  }

  /// The tags that a request names.
  package static func all(of request: AWSRequest) -> [Activation.Tag] {
    request.list("Tags").map { .init(key: $0["Key"]?.text ?? "", value: $0["Value"]?.text ?? "") }
  }
}
