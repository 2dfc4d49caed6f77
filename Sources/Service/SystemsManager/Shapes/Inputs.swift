import AWSProtocol

/// The inputs of the operations, as in the service's public model.
enum Inputs {
  static let nextToken = Field("NextToken", .text())
  static let instanceID = Shape.form(.instanceID)
  /// Reads take any id: one that is none is not known.
  static let anyInstanceID = Shape.text(1)
  static let typeName = Shape.form(.typeName, 1, 100)

  static func maxResults(_ min: Int64 = 1, _ max: Int64 = 50) -> Field {
    Field("MaxResults", .integer(min: min, max: max))
  }

  /// Filters in a request; the reserved keys come on top of the five of the model.
  static let inventoryFilters = Field("Filters", .list(inventoryFilter, min: 1, max: 8))

  static let inventoryFilter = Shape.structure([
    Field("Key", .text(1, 200), required: true),
    Field("Values", .list(.text(), min: 1, max: 40), required: true),
    Field("Type", .word("Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan", "Exists")),
  ])

  static let inventoryAggregator: Shape = .structure([
    Field("Expression", .text(1, 1000)),
    Field("Aggregators", .list(.recursive { inventoryAggregator }, min: 1, max: 10)),
    Field(
      "Groups",
      .list(
        .structure([
          Field("Name", .text(1, 200), required: true),
          Field("Filters", .list(inventoryFilter, min: 1, max: 5), required: true),
        ]), min: 1, max: 15)),
  ])

  static let getInventory = [
    inventoryFilters, Field("Aggregators", .list(inventoryAggregator, min: 1, max: 10)),
    Field(
      "ResultAttributes",
      .list(.structure([Field("TypeName", typeName, required: true)]), min: 1, max: 1)),
    nextToken, maxResults(),
  ]

  static let getInventorySchema = [
    Field("TypeName", .text(0, 100)), nextToken, maxResults(50, 200),
    Field("Aggregator", .boolean), Field("SubType", .boolean),
  ]

  static let listInventoryEntries = [
    Field("InstanceId", anyInstanceID, required: true), Field("TypeName", typeName, required: true),
    inventoryFilters, nextToken, maxResults(),
  ]

  static let deleteInventory = [
    Field("TypeName", typeName, required: true),
    Field("SchemaDeleteOption", .word("DisableSchema", "DeleteSchema")),
    Field("DryRun", .boolean), Field("ClientToken", .form(.uuid)),
  ]

  static let describeInventoryDeletions = [
    Field("DeletionId", .form(.uuid)), nextToken, maxResults(),
  ]

  static let attributeMap = Shape.map(key: .text(1, 64), value: .text(0, 4096))

  static let putComplianceItems = [
    Field("ResourceId", .text(1, 100), required: true),
    Field("ResourceType", .text(1, 50), required: true),
    Field("ComplianceType", .form(.complianceType, 1, 100), required: true),
    Field(
      "ExecutionSummary",
      .structure([
        Field("ExecutionTime", .timestamp, required: true), Field("ExecutionId", .text(0, 100)),
        Field("ExecutionType", .text(0, 50)),
      ]), required: true),
    Field(
      "Items",
      .list(
        .structure([
          Field("Id", .text()), Field("Title", .text(0, 500)),
          Field("Severity", severity, required: true),
          Field("Status", .word("COMPLIANT", "NON_COMPLIANT"), required: true),
          Field("Details", attributeMap),
        ]), min: 0, max: 10_000), required: true),
    Field("ItemContentHash", .text(0, 256)), Field("UploadType", .word("COMPLETE", "PARTIAL")),
  ]

  static let severity = Shape.word(
    "CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED")

  static let complianceFilters = Field(
    "Filters",
    .list(
      .structure([
        Field("Key", .text(1, 200)), Field("Values", .list(.text(), min: 1, max: 20)),
        Field("Type", .word("EQUAL", "NOT_EQUAL", "BEGIN_WITH", "LESS_THAN", "GREATER_THAN")),
      ])))

  static let listComplianceItems = [
    complianceFilters, Field("ResourceIds", .list(.text(1, 100), min: 1)),
    Field("ResourceTypes", .list(.text(1, 50), min: 1)), nextToken, maxResults(),
  ]

  static let listComplianceSummaries = [complianceFilters, nextToken, maxResults()]

  static let resourceType = Field(
    "ResourceType",
    .word(
      "Document", "ManagedInstance", "MaintenanceWindow", "Parameter", "PatchBaseline", "OpsItem",
      "OpsMetadata", "Automation", "Association"), required: true)

  static let addTags = [
    resourceType, Field("ResourceId", .text(), required: true),
    Field(
      "Tags",
      .list(
        .structure([
          Field("Key", .form(.tagText, 1, 128), required: true),
          Field("Value", .form(.tagText, 0, 256), required: true),
        ]), max: 1000), required: true),
  ]

  static let removeTags = [
    resourceType, Field("ResourceId", .text(), required: true),
    Field("TagKeys", .list(.form(.tagText, 1, 128)), required: true),
  ]

  static let listTags = [resourceType, Field("ResourceId", .text(), required: true)]

  static let describeInstanceInformation = [
    Field(
      "InstanceInformationFilterList",
      .list(
        .structure([
          Field(
            "key",
            .word(
              "InstanceIds", "AgentVersion", "PingStatus", "PlatformTypes", "ActivationIds",
              "IamRole", "ResourceType", "AssociationStatus"), required: true),
          Field("valueSet", .list(.text(1), min: 1, max: 100), required: true),
        ]))),
    Field(
      "Filters",
      .list(
        .structure([
          Field("Key", .text(1), required: true),
          Field("Values", .list(.text(1), min: 1, max: 100), required: true),
        ]))), maxResults(5, 50), nextToken,
  ]

  static let describeInstanceProperties = [
    Field(
      "InstancePropertyFilterList",
      .list(
        .structure([
          Field(
            "key",
            .word(
              "InstanceIds", "AgentVersion", "PingStatus", "PlatformTypes", "DocumentName",
              "ActivationIds", "IamRole", "ResourceType", "AssociationStatus"), required: true),
          Field(
            "valueSet", .list(.form(.oneLine, 1, 100_000), min: 1, max: 40), required: true),
        ]), min: 1, max: 40)),
    Field(
      "FiltersWithOperator",
      .list(
        .structure([
          Field("Key", .form(.oneLine, 1, 100_000), required: true),
          Field("Values", .list(.form(.oneLine, 1, 100_000), min: 1, max: 40), required: true),
          Field("Operator", .word("Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan")),
        ]), min: 1, max: 40)), maxResults(5, 1000), nextToken,
  ]

  static let syncName = Field("SyncName", .text(1, 64))

  /// As ``inventoryFilters``: three reserved ones come on top of five.
  static let nodeFilters = Field(
    "Filters",
    .list(
      .structure([
        Field("Key", .text(1, 200), required: true),
        Field("Values", .list(.form(.tagText, 0, 512), min: 1, max: 5), required: true),
        Field("Type", .word("Equal", "NotEqual", "BeginWith")),
      ]), min: 1, max: 8))

  static let listNodes = [syncName, nodeFilters, nextToken, maxResults()]

  static let nodeAggregator: Shape = .structure([
    Field("AggregatorType", .word("Count"), required: true),
    Field("TypeName", .word("Instance"), required: true),
    Field(
      "AttributeName",
      .word(
        "AgentVersion", "PlatformName", "PlatformType", "PlatformVersion", "Region",
        "ResourceType"), required: true),
    Field("Aggregators", .list(.recursive { nodeAggregator }, min: 1, max: 2)),
  ])

  static let listNodesSummary = [
    syncName, nodeFilters,
    Field("Aggregators", .list(nodeAggregator, min: 1, max: 2), required: true), nextToken,
    maxResults(),
  ]
}
