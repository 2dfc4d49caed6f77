import AWSProtocol
import JSONTape

extension SystemsManager {
  static let listResourceDataSync = Operation(
    "ListResourceDataSync", access: .read, load: .lookup,
    input: [.syncType, .nextToken, .maxResults()]
  ) { _, _ in .object([.init("ResourceDataSyncItems", .array([]))]) }
}
