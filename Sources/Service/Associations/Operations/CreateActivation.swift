import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry
import SystemsManager

extension Associations {
  static let createActivation = Operation(
    "CreateActivation", access: .administer, load: .change,
    input: [
      Field("Description", .text(0, 256)), Field("DefaultInstanceName", .form(.tagText, 0, 256)),
      Field("IamRole", .text(0, 64), required: true),
      Field("RegistrationLimit", .integer(min: 1, max: 1000)),
      Field("ExpirationDate", .timestamp), .tags,
      Field(
        "RegistrationMetadata",
        .list(
          .structure([
            Field("Key", .form(.notBlank, 1, 128), required: true),
            Field("Value", .form(.notBlank, 1, 2048), required: true),
          ]))),
    ],
    errors: ["InvalidParameters"]
  ) { try $0.createActivation($1) }

  /// CreateActivation: the code is told here and never again.
  func createActivation(_ request: AWSRequest) throws -> JSONValue {
    var terms = Activation.Terms()
    terms.description = request.text("Description")
    terms.defaultName = request.text("DefaultInstanceName")
    terms.role = request.text("IamRole") ?? ""
    terms.limit = request.integer("RegistrationLimit")
    terms.expires = request.input["ExpirationDate"].flatMap(Timestamp.init)?.instant.milliseconds
    terms.tags = Activation.Tag.all(of: request)
    let (activation, code) = try registry.createActivation(terms, in: request.scope)
    return .object([
      .init("ActivationId", .string(activation.id)), .init("ActivationCode", .string(code)),
    ])
  }
}
