package import AWSProtocol

// What several operations have in their inputs, as in the service's public model.

extension Shape {
  /// The id of a node.
  package static let instanceID = Shape.form(.instanceID)

  /// Reads take any id: one that is none is not known.
  static let anyInstanceID = Shape.text(1)

  static let typeName = Shape.form(.typeName, 1, 100)

  static let inventoryFilter = Shape.structure([
    Field("Key", .text(1, 200), required: true),
    Field("Values", .list(.text(), min: 1, max: 40), required: true),
    Field("Type", .word("Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan", "Exists")),
  ])

  static let inventoryAggregator: Shape = .structure([
    Field("Expression", .text(1, 1000)),
    Field("Aggregators", .list(.recursive { .inventoryAggregator }, min: 1, max: 10)),
    Field(
      "Groups",
      .list(
        .structure([
          Field("Name", .text(1, 200), required: true),
          Field("Filters", .list(.inventoryFilter, min: 1, max: 5), required: true),
        ]), min: 1, max: 15)),
  ])

  static let attributeMap = Shape.map(key: .text(1, 64), value: .text(0, 4096))

  static let severity = Shape.word(
    "CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED")

  static let nodeAggregator: Shape = .structure([
    Field("AggregatorType", .word("Count"), required: true),
    Field("TypeName", .word("Instance"), required: true),
    Field(
      "AttributeName",
      .word(
        "AgentVersion", "PlatformName", "PlatformType", "PlatformVersion", "Region",
        "ResourceType"), required: true),
    Field("Aggregators", .list(.recursive { .nodeAggregator }, min: 1, max: 2)),
  ])

  static let syncSource = Shape.structure([
    Field("SourceType", .text(1, 64), required: true),
    Field(
      "AwsOrganizationsSource",
      .structure([
        Field("OrganizationSourceType", .text(1, 64), required: true),
        Field(
          "OrganizationalUnits",
          .list(
            .structure([Field("OrganizationalUnitId", .text(1, 128))]), min: 1, max: 1000)),
      ])),
    Field("SourceRegions", .list(.text(1, 64)), required: true),
    Field("IncludeFutureRegions", .boolean), Field("EnableAllOpsDataSources", .boolean),
  ])
}

extension Field {
  /// Filters in a request; the reserved keys come on top of the five of the model.
  static let inventoryFilters = Field("Filters", .list(.inventoryFilter, min: 1, max: 8))

  static let complianceFilters = Field(
    "Filters",
    .list(
      .structure([
        Field("Key", .text(1, 200)), Field("Values", .list(.text(), min: 1, max: 20)),
        Field("Type", .word("EQUAL", "NOT_EQUAL", "BEGIN_WITH", "LESS_THAN", "GREATER_THAN")),
      ])))

  static let resourceType = Field(
    "ResourceType",
    .word(
      "Document", "ManagedInstance", "MaintenanceWindow", "Parameter", "PatchBaseline", "OpsItem",
      "OpsMetadata", "Automation", "Association"), required: true)

  /// Tags of what is made.
  package static let tags = Field(
    "Tags",
    .list(
      .structure([
        Field("Key", .form(.tagText, 1, 128), required: true),
        Field("Value", .form(.tagText, 0, 256), required: true),
      ]), max: 1000))

  static let syncName = Field("SyncName", .text(1, 64))

  static let requiredSyncName = Field("SyncName", .text(1, 64), required: true)

  static let syncType = Field("SyncType", .text(1, 64))

  /// As ``inventoryFilters``: three reserved ones come on top of five.
  static let nodeFilters = Field(
    "Filters",
    .list(
      .structure([
        Field("Key", .text(1, 200), required: true),
        Field("Values", .list(.form(.tagText, 0, 512), min: 1, max: 5), required: true),
        Field("Type", .word("Equal", "NotEqual", "BeginWith")),
      ]), min: 1, max: 8))

  static let managedInstanceID = Field(
    "InstanceId", .form(.managedInstanceID, 20, 124), required: true)
}
