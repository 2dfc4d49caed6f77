import AWSProtocol
import JSONTape

extension SystemsManager {
  static let deleteResourceDataSync = Operation(
    "DeleteResourceDataSync", access: .administer, load: .change,
    input: [.requiredSyncName, .syncType],
    errors: ["ResourceDataSyncInvalidConfigurationException"]
  ) { try $0.refuseDataSync($1) }
}
