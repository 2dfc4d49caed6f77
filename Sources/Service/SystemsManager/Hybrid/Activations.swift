import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  /// CreateActivation: the code is told here and never again.
  func createActivation(_ request: AWSRequest) throws -> JSONValue {
    var terms = Activation.Terms()
    terms.description = request.text("Description")
    terms.defaultName = request.text("DefaultInstanceName")
    terms.role = request.text("IamRole") ?? ""
    terms.limit = request.integer("RegistrationLimit")
    terms.expires = request.input["ExpirationDate"].flatMap(Timestamp.init)?.instant.milliseconds
    terms.tags = Self.tags(request)
    guard Set(terms.tags.map(\.key)).count == terms.tags.count, terms.tags.count <= 50 else {
      throw AWSError("InvalidParameters", "Tags have different keys, and are 50 at most.")
    }
    let (activation, code) = try registry.createActivation(terms, in: request.scope)
    return .object([
      .init("ActivationId", .string(activation.id)), .init("ActivationCode", .string(code)),
    ])
  }

  static func tags(_ request: AWSRequest) -> [Activation.Tag] {
    request.list("Tags").map { .init(key: $0["Key"]?.text ?? "", value: $0["Value"]?.text ?? "") }
  }

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
      .init("Tags", .array(activation.tags.map(Self.tag))),
    ])
  }

  static func tag(_ tag: Activation.Tag) -> JSONValue {
    .object([.init("Key", .string(tag.key)), .init("Value", .string(tag.value))])
  }

  /// DeleteActivation: nodes that registered with it stay.
  func deleteActivation(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("ActivationId") ?? ""
    guard try registry.deleteActivation(id, in: request.scope) else {
      throw AWSError("InvalidActivationId", "There is no activation \(id).")
    }
    return .object([])
  }
}
