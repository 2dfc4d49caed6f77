import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  static let addTagsToResource = Operation(
    "AddTagsToResource", access: .write, load: .change,
    input: [
      .resourceType, Field("ResourceId", .text(), required: true),
      Field(
        "Tags",
        .list(
          .structure([
            Field("Key", .form(.tagText, 1, 128), required: true),
            Field("Value", .form(.tagText, 0, 256), required: true),
          ]), max: 1000), required: true),
    ],
    errors: recordingErrors.union([
      "AssociationDoesNotExist", "InvalidResourceId", "InvalidResourceType", "TooManyTagsError",
    ])
  ) { try await $0.addTags($1) }

  /// AddTagsToResource: sets tags of a node, and keeps the others.
  func addTags(_ request: AWSRequest) async throws -> JSONValue {
    let added = Activation.Tag.all(of: request)
    return try await changeTags(request) { tags in
      for tag in added { try tags.set(tag.key, to: tag.value) }
    }
  }
}
