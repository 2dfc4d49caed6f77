import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  private static let tagType = try? TypeName("AWS:Tag")
  /// Tags a node can have.
  private static let tagsMax = 50

  /// AddTagsToResource: sets tags of a node; they are its AWS:Tag inventory.
  func addTags(_ request: AWSRequest) async throws -> JSONValue {
    try await changeTags(request) { tags in
      for tag in request.list("Tags") {
        tags[tag["Key"]?.text ?? ""] = tag["Value"]?.text ?? ""
      }
      guard tags.count <= Self.tagsMax else {
        throw AWSError("TooManyTagsError", "A node can have \(Self.tagsMax) tags.")
      }
    }
  }

  /// RemoveTagsFromResource: those that are not there are passed over.
  func removeTags(_ request: AWSRequest) async throws -> JSONValue {
    try await changeTags(request) { tags in
      for key in request.input["TagKeys"]?.texts ?? [] { tags[key] = nil }
    }
  }

  private func changeTags(
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
  private func tags(
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

  /// ListTagsForResource.
  func listTags(_ request: AWSRequest) throws -> JSONValue {
    if request.text("ResourceType") == "Association" {
      let tags = try association(request.text("ResourceId"), in: request.scope).tags
      return .object([.init("TagList", .array(tags.map(Self.tag)))])
    }
    guard request.text("ResourceType") == "ManagedInstance" else {
      throw AWSError(
        "InvalidResourceType", "Tags are kept for ManagedInstance and Association alone.")
    }
    guard let node = try? NodeID(request.text("ResourceId") ?? "") else {
      throw AWSError("InvalidResourceId", "The resource id isn't one of a node.")
    }
    let tags = try tags(of: node, request, Moment(asked: store.now)).tags
    return .object([
      .init(
        "TagList",
        .array(
          tags.sorted { $0.key < $1.key }.map {
            .object([.init("Key", .string($0.key)), .init("Value", .string($0.value))])
          }))
    ])
  }
}
