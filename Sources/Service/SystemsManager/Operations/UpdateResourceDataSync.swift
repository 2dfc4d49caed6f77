import AWSProtocol
import JSONTape

extension SystemsManager {
  static let updateResourceDataSync = Operation(
    "UpdateResourceDataSync", access: .administer, load: .change,
    input: [
      .requiredSyncName, Field("SyncType", .text(1, 64), required: true),
      Field("SyncSource", .syncSource, required: true),
    ],
    errors: ["ResourceDataSyncInvalidConfigurationException"]
  ) { try $0.refuseDataSync($1) }
}
