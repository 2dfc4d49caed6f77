import AWSProtocol

extension Inputs {
  private static let syncType = Field("SyncType", .text(1, 64))
  private static let requiredSyncName = Field("SyncName", .text(1, 64), required: true)

  private static let syncSource = Shape.structure([
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

  static let createResourceDataSync = [
    requiredSyncName,
    Field(
      "S3Destination",
      .structure([
        Field("BucketName", .text(1, 2048), required: true), Field("Prefix", .text(1, 256)),
        Field("SyncFormat", .word("JsonSerDe"), required: true),
        Field("Region", .text(1, 64), required: true),
        Field("AWSKMSKeyARN", .form(.arn, 1, 512)),
        Field(
          "DestinationDataSharing",
          .structure([Field("DestinationDataSharingType", .text(1, 64))])),
      ])), syncType, Field("SyncSource", syncSource),
  ]

  static let updateResourceDataSync = [
    requiredSyncName, Field("SyncType", .text(1, 64), required: true),
    Field("SyncSource", syncSource, required: true),
  ]

  static let deleteResourceDataSync = [requiredSyncName, syncType]

  static let listResourceDataSync = [syncType, nextToken, maxResults()]
}
