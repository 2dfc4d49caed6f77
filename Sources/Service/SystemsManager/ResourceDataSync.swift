import AWSProtocol
import JSONTape

extension SystemsManager {
  /// What is not built: an error that every SDK knows for these operations, never a false success.
  func refuseDataSync(_ request: AWSRequest) throws -> JSONValue {
    throw AWSError(
      "ResourceDataSyncInvalidConfigurationException",
      "\(request.operation): Stocktake does not export to S3 yet. Nothing was changed.")
  }
}
