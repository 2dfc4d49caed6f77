import AWSProtocol
import JSONTape

extension SystemsManager {
  static let createResourceDataSync = Operation(
    "CreateResourceDataSync", access: .administer, load: .change,
    input: [
      .requiredSyncName,
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
        ])), .syncType, Field("SyncSource", .syncSource),
    ],
    errors: ["ResourceDataSyncInvalidConfigurationException"]
  ) { try $0.refuseDataSync($1) }
}
