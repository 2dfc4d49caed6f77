import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let listAssociationVersions = Operation(
    "ListAssociationVersions", access: .read, load: .lookup,
    input: [
      Field("AssociationId", .associationID, required: true), .nextToken, .maxResults(),
    ],
    errors: ["AssociationDoesNotExist", "InvalidNextToken"]
  ) { try $0.listAssociationVersions($1) }

  /// ListAssociationVersions, the newest first.
  func listAssociationVersions(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let association = try association(request.text("AssociationId"), in: request.scope)
    let page = tokens.slice(
      association.versions.reversed(), request, token, asked: store.now)
    let rows = page.values.compactMap { version -> JSONValue? in
      guard let terms = association.terms(version.number) else { return nil }
      return .object(
        terms.input.members.filter { $0.name != "InstanceId" } + [
          .init("AssociationId", .string(association.id)),
          .init("AssociationVersion", .string(String(version.number))),
          .init("CreatedDate", .timestamp(Instant(milliseconds: version.created))),
        ])
    }
    return .present([
      .init("AssociationVersions", .array(rows)), .init("NextToken", .text(page.token)),
    ])
  }
}
