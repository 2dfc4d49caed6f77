import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let removeTagsFromResource = Operation(
    "RemoveTagsFromResource", access: .write, load: .change,
    input: [
      .resourceType, Field("ResourceId", .text(), required: true),
      Field("TagKeys", .list(.form(.tagText, 1, 128)), required: true),
    ],
    errors: recordingErrors.union([
      "AssociationDoesNotExist", "InvalidResourceId", "InvalidResourceType",
    ])
  ) { try await $0.removeTags($1) }

  /// RemoveTagsFromResource: those that are not there are passed over.
  func removeTags(_ request: AWSRequest) async throws -> JSONValue {
    let removed = request.input["TagKeys"]?.texts ?? []
    return try await changeTags(request) { tags in
      for key in removed { tags.remove(key) }
    }
  }
}
