import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let listDocuments = Operation(
    "ListDocuments", access: .known, load: .lookup,
    input: [
      Field(
        "DocumentFilterList",
        .list(
          .structure([
            Field("key", .word("Name", "Owner", "PlatformTypes", "DocumentType"), required: true),
            Field("value", .text(1), required: true),
          ]), min: 1)),
      Field(
        "Filters",
        .list(
          .structure([
            Field("Key", .text(1, 128)), Field("Values", .list(.text(1, 256))),
          ]), min: 0, max: 6)), .nextToken, .maxResults(),
    ],
    errors: ["InvalidFilterKey"]
  ) { try $0.listDocuments($1) }

  /// ListDocuments: filters on Name, Owner, DocumentType and PlatformTypes.
  func listDocuments(_ request: AWSRequest) throws -> JSONValue {
    let filters =
      request.list("Filters").map { ($0["Key"]?.text ?? "", $0["Values"]?.texts ?? []) }
      + request.list("DocumentFilterList").map {
        ($0["key"]?.text ?? "", [$0["value"]?.text ?? ""])
      }
    let isListed = try filters.allSatisfy { key, values in
      switch key {
      case "Name": values.contains { GatherDocument.name.hasPrefix($0) }
      case "Owner": values.contains { ["Amazon", "All", "ThirdParty"].contains($0) }
      case "DocumentType": values.contains("Command")
      case "PlatformTypes": values.contains { ["Windows", "Linux", "MacOS"].contains($0) }
      case "SearchKeyword": values.contains { GatherDocument.name.contains($0) }
      default:
        throw AWSError(
          "InvalidFilterKey",
          "'\(key)' isn't known: Name, Owner, DocumentType, PlatformTypes, SearchKeyword.")
      }
    }
    return .object([
      .init(
        "DocumentIdentifiers", .array(isListed ? [.object(Self.documentSummary)] : []))
    ])
  }
}
