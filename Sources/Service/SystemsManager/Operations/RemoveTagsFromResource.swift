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
    try await changeTags(request) { tags in
      for key in request.input["TagKeys"]?.texts ?? [] { tags[key] = nil }
    }
  }
}
