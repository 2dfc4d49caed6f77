import JSONTape

extension SystemsManager {
  /// The operations by name.
  static let operations = allOperations()

  private static func allOperations() -> [String: Operation] {
    [
      "PutInventory": Operation(.writeNode, []) { _, _ in .object([]) },
      "GetInventory": Operation(.read, Inputs.getInventory) { try $0.getInventory($1) },
      "GetInventorySchema": Operation(.read, Inputs.getInventorySchema) {
        try $0.getInventorySchema($1)
      },
      "ListInventoryEntries": Operation(.read, Inputs.listInventoryEntries) {
        try $0.listInventoryEntries($1)
      },
      "DeleteInventory": Operation(.administer, Inputs.deleteInventory) {
        try await $0.deleteInventory($1)
      },
      "DescribeInventoryDeletions": Operation(.read, Inputs.describeInventoryDeletions) {
        try $0.describeInventoryDeletions($1)
      },
      "PutComplianceItems": Operation(.writeNode, Inputs.putComplianceItems) {
        try await $0.putComplianceItems($1)
      },
      "ListComplianceItems": Operation(.read, Inputs.listComplianceItems) {
        try $0.listComplianceItems($1)
      },
      "ListComplianceSummaries": Operation(.read, Inputs.listComplianceSummaries) {
        try $0.listComplianceSummaries($1)
      },
      "ListResourceComplianceSummaries": Operation(.read, Inputs.listComplianceSummaries) {
        try $0.listResourceComplianceSummaries($1)
      },
      "AddTagsToResource": Operation(.writeNode, Inputs.addTags) { try await $0.addTags($1) },
      "RemoveTagsFromResource": Operation(.writeNode, Inputs.removeTags) {
        try await $0.removeTags($1)
      },
      "ListTagsForResource": Operation(.read, Inputs.listTags) { try $0.listTags($1) },
      "DescribeInstanceInformation": Operation(.read, Inputs.describeInstanceInformation) {
        try $0.describeInstanceInformation($1)
      },
      "DescribeInstanceProperties": Operation(.read, Inputs.describeInstanceProperties) {
        try $0.describeInstanceProperties($1)
      },
      "ListNodes": Operation(.read, Inputs.listNodes) { try $0.listNodes($1) },
      "ListNodesSummary": Operation(.read, Inputs.listNodesSummary) {
        try $0.listNodesSummary($1)
      },
      "CreateResourceDataSync": Operation(.administer, Inputs.createResourceDataSync, notYet),
      "UpdateResourceDataSync": Operation(.administer, Inputs.updateResourceDataSync, notYet),
      "DeleteResourceDataSync": Operation(.administer, Inputs.deleteResourceDataSync, notYet),
      "ListResourceDataSync": Operation(.read, Inputs.listResourceDataSync, notYet),
    ]
  }

  /// What is not built: an error that every SDK knows for these operations, never a false success.
  @Sendable private static func notYet(_: SystemsManager, _ request: Request) throws -> JSONValue {
    throw ServiceError(
      "ResourceDataSyncInvalidConfigurationException",
      "\(request.operation): Stocktake does not export to S3 yet. Nothing was changed.")
  }
}
