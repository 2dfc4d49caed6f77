import AWSProtocol
import SystemsManager

// What several operations on associations, documents and messages have in their inputs. Those that only agents
// send are not in the public model: their members are as observed on the agent.

extension Shape {
  static let associationID = Shape.form(.looseUUID)

  static let documentName = Shape.form(.documentName)

  static let share = Shape.form(.amount, 1, 7)
}

extension Field {
  static let documentVersion = Field("DocumentVersion", .form(.documentVersion))

  static let versionName = Field("VersionName", .form(.versionName))

  static let associationTargets = Field(
    "Targets",
    .list(
      .structure([
        Field("Key", .form(.tagText, 1, 163)), Field("Values", .list(.text(), min: 0, max: 50)),
      ]), min: 0, max: 5))

  /// What CreateAssociation and UpdateAssociation have in common.
  static let ofAssociation: [Field] = [
    .documentVersion, Field("Parameters", .map(key: .text(), value: .list(.text()))),
    .associationTargets, Field("ScheduleExpression", .text(1, 256)),
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
    Field("AutomationTargetParameterName", .text(1, 50)), Field("MaxErrors", .share),
    Field("MaxConcurrency", .share),
    Field("ComplianceSeverity", .word("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNSPECIFIED")),
    Field("SyncCompliance", .word("AUTO", "MANUAL")), Field("ApplyOnlyAtCronInterval", .boolean),
    Field("CalendarNames", .list(.text())),
    Field("ScheduleOffset", .integer(min: 1, max: 6)), Field("Duration", .integer(min: 1, max: 24)),
  ]

  static let nameOfAssociation: [Field] = [
    Field("Name", .documentName), Field("InstanceId", .instanceID),
    Field("AssociationId", .associationID),
    Field("AssociationVersion", .form(.associationVersion)),
  ]

  static let messageAnswer: [Field] = [
    Field("MessageId", .text(1, 256), required: true), Field("Payload", .text(0, 1 << 20)),
    Field("ReplyId", .text(0, 256)), Field("FailureType", .text(0, 256)),
  ]
}
