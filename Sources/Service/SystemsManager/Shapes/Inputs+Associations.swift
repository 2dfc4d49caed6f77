import AWSProtocol

// Shapes of associations, documents and messages. Those that only agents send are not in the public
// model: their members are as observed on the agent.
extension Inputs {
  static let associationID = Shape.form(.looseUUID)
  private static let documentName = Shape.form(.documentName)
  private static let documentVersion = Field("DocumentVersion", .form(.documentVersion))
  private static let count = Shape.form(.amount, 1, 7)

  static let associationTargets = Field(
    "Targets",
    .list(
      .structure([
        Field("Key", .form(.tagText, 1, 163)), Field("Values", .list(.text(), min: 0, max: 50)),
      ]), min: 0, max: 5))

  /// What CreateAssociation and UpdateAssociation have in common.
  private static let associationMembers = [
    documentVersion, Field("Parameters", .map(key: .text(), value: .list(.text()))),
    associationTargets, Field("ScheduleExpression", .text(1, 256)),
    Field(
      "OutputLocation",
      .structure([
        Field(
          "S3Location",
          .structure([
            Field("OutputS3Region", .text(3, 20)), Field("OutputS3BucketName", .text(3, 63)),
            Field("OutputS3KeyPrefix", .text(0, 500)),
          ]))
      ])), Field("AssociationName", .form(.associationName)),
    Field("AutomationTargetParameterName", .text(1, 50)), Field("MaxErrors", count),
    Field("MaxConcurrency", count),
    Field("ComplianceSeverity", .word("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNSPECIFIED")),
    Field("SyncCompliance", .word("AUTO", "MANUAL")), Field("ApplyOnlyAtCronInterval", .boolean),
    Field("CalendarNames", .list(.text())),
    Field("ScheduleOffset", .integer(min: 1, max: 6)), Field("Duration", .integer(min: 1, max: 24)),
  ]

  static let createAssociation =
    associationMembers + [
      Field("Name", documentName, required: true), Field("InstanceId", instanceID), tags,
    ]

  static let updateAssociation =
    associationMembers + [
      Field("AssociationId", associationID, required: true), Field("Name", documentName),
      Field("AssociationVersion", .form(.associationVersion)),
    ]

  static let nameAssociation = [
    Field("Name", documentName), Field("InstanceId", instanceID),
    Field("AssociationId", associationID),
    Field("AssociationVersion", .form(.associationVersion)),
  ]

  static let listAssociations = [
    Field(
      "AssociationFilterList",
      .list(
        .structure([
          Field(
            "key",
            .word(
              "InstanceId", "Name", "AssociationId", "AssociationStatusName", "LastExecutedBefore",
              "LastExecutedAfter", "AssociationName", "ResourceGroupName"), required: true),
          Field("value", .text(1), required: true),
        ]), min: 1)), nextToken, maxResults(),
  ]

  static let listAssociationVersions = [
    Field("AssociationId", associationID, required: true), nextToken, maxResults(),
  ]

  static let startAssociationsOnce = [
    Field("AssociationIds", .list(associationID, min: 1, max: 10), required: true)
  ]

  static let describeAssociationExecutions = [
    Field("AssociationId", associationID, required: true),
    Field(
      "Filters",
      .list(
        .structure([
          Field("Key", .word("ExecutionId", "Status", "CreatedTime"), required: true),
          Field("Value", .text(1), required: true),
          Field("Type", .word("EQUAL", "LESS_THAN", "GREATER_THAN"), required: true),
        ]), min: 1)), nextToken, maxResults(),
  ]

  static let describeAssociationExecutionTargets = [
    Field("AssociationId", associationID, required: true),
    Field("ExecutionId", associationID, required: true),
    Field(
      "Filters",
      .list(
        .structure([
          Field("Key", .word("Status", "ResourceId", "ResourceType"), required: true),
          Field("Value", .text(1), required: true),
        ]), min: 1)), nextToken, maxResults(),
  ]

  static let describeInstanceAssociationsStatus = [
    Field("InstanceId", instanceID, required: true), nextToken, maxResults(),
  ]

  static let listInstanceAssociations = [
    Field("InstanceId", instanceID, required: true), nextToken, maxResults(),
  ]

  static let updateInstanceAssociationStatus = [
    Field("InstanceId", instanceID, required: true),
    Field("AssociationId", associationID, required: true),
    Field(
      "ExecutionResult",
      .structure([
        Field("Status", .text(1, 64), required: true), Field("ErrorCode", .text(0, 64)),
        Field("ExecutionDate", .timestamp), Field("ExecutionSummary", .text(0, 4096)),
      ]), required: true),
  ]

  /// As the agent sends it: with statuses that the public model has not, and any message.
  static let updateAssociationStatus = [
    Field("Name", documentName, required: true), Field("InstanceId", instanceID, required: true),
    Field(
      "AssociationStatus",
      .structure([
        Field("Name", .text(1, 64), required: true), Field("Date", .timestamp, required: true),
        Field("Message", .text(0, 4096), required: true), Field("AdditionalInfo", .text(0, 1024)),
      ]), required: true),
  ]

  private static let versionName = Field("VersionName", .form(.versionName))

  static let getDocument = [
    Field("Name", documentName, required: true), versionName, documentVersion,
    Field("DocumentFormat", .word("YAML", "JSON", "TEXT")),
  ]

  static let describeDocument = [
    Field("Name", documentName, required: true), documentVersion, versionName,
  ]

  static let listDocuments = [
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
        ]), min: 0, max: 6)), nextToken, maxResults(),
  ]

  static let collectNow = [Field("InstanceId", instanceID, required: true)]

  static let getMessages = [
    Field("Destination", instanceID, required: true), Field("MessagesRequestId", .text(0, 256)),
    Field("VisibilityTimeoutInSeconds", .integer(min: 0, max: 3600)),
  ]

  static let messageAnswer = [
    Field("MessageId", .text(1, 256), required: true), Field("Payload", .text(0, 1 << 20)),
    Field("ReplyId", .text(0, 256)), Field("FailureType", .text(0, 256)),
  ]
}

extension TextForm {
  static let looseUUID = TextForm(
    pattern: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
  ) { uuid.matches($0.lowercased()) }

  static let documentName = TextForm(pattern: #"^[a-zA-Z0-9_\-.:/]{3,128}$"#) {
    isOf($0, 3...128, "_-.:/")
  }

  static let associationName = TextForm(pattern: #"^[a-zA-Z0-9_\-.]{3,128}$"#) {
    isOf($0, 3...128, "_-.")
  }

  static let versionName = TextForm(pattern: #"^[a-zA-Z0-9_\-.]{1,128}$"#) {
    isOf($0, 1...128, "_-.")
  }

  static let documentVersion = TextForm(pattern: "([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)") {
    $0 == "$LATEST" || $0 == "$DEFAULT" || isCount($0)
  }

  static let associationVersion = TextForm(pattern: "([$]LATEST)|([1-9][0-9]*)") {
    $0 == "$LATEST" || isCount($0)
  }

  /// A number, or a share in percent.
  static let amount = TextForm(pattern: "^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$") { text in
    let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
    guard digits == "0" || isCount(digits) else { return false }
    return digits.count == text.count || (Int(digits).map { $0 <= 100 } ?? false)
  }

  private static func isCount(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.first != "0" && !text.isEmpty
  }

  private static func isOf(_ text: String, _ length: ClosedRange<Int>, _ signs: String) -> Bool {
    length.contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: signs.utf8.contains(byte)
        }
      }
  }
}
