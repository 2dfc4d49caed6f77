import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static let listTagsForResource = Operation(
    "ListTagsForResource", access: .read, load: .lookup,
    input: [.resourceType, Field("ResourceId", .text(), required: true)],
    errors: ["AssociationDoesNotExist", "InvalidResourceId", "InvalidResourceType"]
  ) { try $0.listTags($1) }

  /// ListTagsForResource.
  func listTags(_ request: AWSRequest) throws -> JSONValue {
    if request.text("ResourceType") == "Association" {
      let tags = try tasks?.tags(of: request.text("ResourceId") ?? "", in: request.scope) ?? []
      return .object([.init("TagList", .array(tags.map(\.json)))])
    }
    guard request.text("ResourceType") == "ManagedInstance" else {
      throw AWSError(
        "InvalidResourceType", "Tags are kept for ManagedInstance and Association alone.")
    }
    guard let node = try? NodeID(request.text("ResourceId") ?? "") else {
      throw AWSError("InvalidResourceId", "The resource id isn't one of a node.")
    }
    try requireKnown(node, request)
    let tags = try tags(of: node, in: request.scope).asSent
    return .object([.init("TagList", .array(tags.map(\.json)))])
  }
}
