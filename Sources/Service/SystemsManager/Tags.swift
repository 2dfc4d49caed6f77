import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  private static let tagType = try? TypeName("AWS:Tag")
  /// Tags a node can have.
  static let tagsMax = 50

  func changeTags(
    _ request: AWSRequest, _ change: @Sendable (inout [String: String]) throws -> Void
  ) async throws -> JSONValue {
    let id = request.text("ResourceId") ?? ""
    if request.text("ResourceType") == "Association" {
      try changeAssociationTags(id, request.scope, change)
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
      // An association may name it by the tag.
      try wakeIfWaiting(node, request.scope)
      return .object([])
    }
  }

  /// Tags of an association; they say nothing about nodes.
  private func changeAssociationTags(
    _ id: String, _ scope: Scope, _ change: (inout [String: String]) throws -> Void
  ) throws {
    var association = try association(id, in: scope)
    var tags: [String: String] = [:]
    for tag in association.tags { tags[tag.key] = tag.value }
    try change(&tags)
    association.tags = tags.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) }
    try store.setControlRow(Association.row(association.id, scope), to: try association.bytes)
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
}
