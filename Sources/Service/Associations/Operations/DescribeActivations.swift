import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry
import SystemsManager

extension Associations {
  static let describeActivations = Operation(
    "DescribeActivations", access: .read, load: .lookup,
    input: [
      Field(
        "Filters",
        .list(
          .structure([
            Field("FilterKey", .word("ActivationIds", "DefaultInstanceName", "IamRole")),
            Field("FilterValues", .list(.text())),
          ]))), .nextToken, .maxResults(),
    ],
    errors: ["InvalidFilter", "InvalidNextToken"]
  ) { try $0.describeActivations($1) }

  /// DescribeActivations.
  func describeActivations(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    var activations = try registry.activations(in: request.scope)
    for filter in request.list("Filters") {
      let values = Set(filter["FilterValues"]?.texts ?? [])
      activations = try activations.filter { activation in
        switch filter["FilterKey"]?.text {
        case "ActivationIds": values.contains(activation.id)
        case "DefaultInstanceName": values.contains(activation.defaultName ?? "")
        case "IamRole": values.contains(activation.role)
        default: throw AWSError("InvalidFilter", "A filter without FilterKey.")
        }
      }
    }
    activations.sort { ($0.created, $0.id) < ($1.created, $1.id) }
    let page = tokens.slice(activations, request, token, asked: store.now)
    return .present([
      .init("ActivationList", .array(page.values.map(description))),
      .init("NextToken", .text(page.token)),
    ])
  }

  private func description(_ activation: Activation) -> JSONValue {
    // A limit that nobody named is not told: Terraform's provider would take it for a change, and replace the
    // activation at each plan, as it does with AWS.
    let limit: JSONValue = activation.hasDefaultLimit == true ? .null : .count(activation.limit)
    return .present([
      .init("ActivationId", .string(activation.id)),
      .init("Description", .text(activation.description)),
      .init("DefaultInstanceName", .text(activation.defaultName)),
      .init("IamRole", .string(activation.role)),
      .init("RegistrationLimit", limit),
      .init("RegistrationsCount", .count(activation.count)),
      .init("ExpirationDate", .timestamp(Instant(milliseconds: activation.expires))),
      .init("Expired", .bool(activation.isExpired(at: store.now))),
      .init("CreatedDate", .timestamp(Instant(milliseconds: activation.created))),
      .init("Tags", .array(activation.tags.map(\.json))),
    ])
  }
}
