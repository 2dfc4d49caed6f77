import AWSProtocol

// Shapes of activations, registration and what agents say of themselves. Registration, token and
// instance information are not in the public model: their members are as observed on the agent.
extension Inputs {
  static let tags = Field(
    "Tags",
    .list(
      .structure([
        Field("Key", .form(.tagText, 1, 128), required: true),
        Field("Value", .form(.tagText, 0, 256), required: true),
      ]), max: 1000))

  static let createActivation = [
    Field("Description", .text(0, 256)), Field("DefaultInstanceName", .form(.tagText, 0, 256)),
    Field("IamRole", .text(0, 64), required: true),
    Field("RegistrationLimit", .integer(min: 1, max: 1000)),
    Field("ExpirationDate", .timestamp), tags,
    Field(
      "RegistrationMetadata",
      .list(
        .structure([
          Field("Key", .form(.notBlank, 1, 128), required: true),
          Field("Value", .form(.notBlank, 1, 2048), required: true),
        ]))),
  ]

  static let describeActivations = [
    Field(
      "Filters",
      .list(
        .structure([
          Field("FilterKey", .word("ActivationIds", "DefaultInstanceName", "IamRole")),
          Field("FilterValues", .list(.text())),
        ]))), nextToken, maxResults(),
  ]

  static let deleteActivation = [Field("ActivationId", .form(.uuid), required: true)]

  static let managedInstanceID = Field(
    "InstanceId", .form(.managedInstanceID, 20, 124), required: true)

  static let deregisterManagedInstance = [managedInstanceID]

  static let updateManagedInstanceRole = [
    managedInstanceID, Field("IamRole", .text(0, 64), required: true),
  ]

  static let registerManagedInstance = [
    Field("ActivationId", .text(1, 64), required: true),
    Field("ActivationCode", .text(1, 250), required: true),
    Field("PublicKey", .text(1, 4096), required: true), Field("PublicKeyType", .text(0, 64)),
    Field("Fingerprint", .text(1, 256), required: true),
  ]

  static let requestRoleToken = [Field("Fingerprint", .text(1, 256), required: true)]

  static let updatePublicKey = [
    Field("NewPublicKey", .text(1, 4096), required: true),
    Field("NewPublicKeyType", .text(0, 64)),
  ]

  static let updateInstanceInformation = [
    Field("InstanceId", instanceID, required: true), Field("AgentName", .text(0, 255)),
    Field("AgentStatus", .text(0, 64)), Field("AgentVersion", .text(0, 255)),
    Field("ComputerName", .text(0, 255)), Field("IPAddress", .text(0, 64)),
    Field("PlatformName", .text(0, 255)), Field("PlatformType", .text(0, 64)),
    Field("PlatformVersion", .text(0, 255)),
  ]
}

extension TextForm {
  static let managedInstanceID = TextForm(
    pattern: #"(^mi-[0-9a-f]{17}$)|(^eks_c:[0-9A-Za-z][A-Za-z0-9\-_]{0,99}_\w{17}$)"#
  ) { isInstanceID($0) || $0.hasPrefix("eks_c:") }

  static let notBlank = TextForm(pattern: #"^(?!\s*$).+"#) {
    $0.first?.isNewline == false && $0.contains { !$0.isWhitespace }
  }
}
