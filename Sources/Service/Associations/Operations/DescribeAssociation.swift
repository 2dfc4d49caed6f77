import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let describeAssociation = Operation(
    "DescribeAssociation", access: .read, load: .lookup, input: Field.nameOfAssociation,
    errors: ["AssociationDoesNotExist", "InvalidAssociationVersion"]
  ) { try $0.describeAssociation($1) }

  /// DescribeAssociation.
  func describeAssociation(_ request: AWSRequest) throws -> JSONValue {
    let association = try association(request)
    let named = request.text("AssociationVersion")
    let version = named == "$LATEST" ? nil : named.flatMap { Int($0) }
    return .object([
      .init(
        "AssociationDescription", try description(association, request.scope, version: version))
    ])
  }
}
