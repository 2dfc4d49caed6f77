package import AWSProtocol
import HistoryStore
package import Inventory
package import JSONTape
package import NodeRegistry

extension SystemsManager {
  func changeTags(
    _ request: AWSRequest, _ change: @escaping @Sendable (inout Tags) throws -> Void
  ) async throws -> JSONValue {
    let id = request.text("ResourceId") ?? ""
    if request.text("ResourceType") == "Association" {
      do { try tasks?.changeTags(of: id, in: request.scope, change) } catch let error as TagError {
        throw Self.named(error)
      }
      return .object([])
    }
    let node = try resource(id, request.text("ResourceType"), writing: request)
    try requireKnown(node, request)
    let changed: Receipt?
    do {
      changed = try await store.changeTags(of: node, in: request.scope, byQueue: change)
    } catch let error as TagError {
      throw Self.named(error)
    } catch let error as ReportError { throw Self.named(error) }
    if changed != nil { try tasks?.tagsChanged(of: node, in: request.scope) }
    return .object([])
  }

  private static func named(_ error: TagError) -> AWSError {
    switch error {
    case .tooMany: AWSError("TooManyTagsError", "The tags are too many: \(error).")
    case .invalid(let fault): .validation("The tags are refused: \(fault).")
    }
  }

  /// Throws for a node that nobody has heard of.
  func requireKnown(_ node: NodeID, _ request: AWSRequest) throws {
    let number = try store.reading(request.scope) { reader in try reader.number(of: node) }
    guard number != nil else {
      throw AWSError("InvalidResourceId", "The node '\(node)' isn't known.")
    }
  }

  /// The tags of a node; none of one that is not known.
  package func tags(of node: NodeID, in scope: Scope) throws -> Tags {
    try store.tags(of: node, in: scope)
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
