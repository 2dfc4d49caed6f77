package import AWSProtocol
import Inventory

extension SystemsManager {
  typealias Operation = AWSProtocol.Operation<SystemsManager>

  /// What a server has in its list of services.
  package var service: AWSService {
    var service = AWSService(
      .json(target: "AmazonSSM"), signing: "ssm", told: Self.told, of: self, Self.operations)
    service.upkeep = self
    service.lastPing = { [heard] scope, node in
      heard.heard(scope, node.text).map { Instant(milliseconds: $0.time) }
    }
    return service
  }

  private static let operations: [Operation] = [
    putInventory, getInventory, getInventorySchema, listInventoryEntries, deleteInventory,
    describeInventoryDeletions,
    putComplianceItems, listComplianceItems, listComplianceSummaries,
    listResourceComplianceSummaries,
    describeInstanceInformation, describeInstanceProperties, listNodes, listNodesSummary,
    addTagsToResource, removeTagsFromResource, listTagsForResource,
    createResourceDataSync, updateResourceDataSync, deleteResourceDataSync, listResourceDataSync,
    registerManagedInstance, requestManagedInstanceRoleToken, updateManagedInstancePublicKey,
    deregisterManagedInstance, updateManagedInstanceRole, updateInstanceInformation,
  ]

  /// The members of requests and answers that say what was changed, and what they are called in the audit.
  private static let told = [
    "InstanceId": "instanceId", "ResourceType": "resourceType", "ResourceId": "resourceId",
    "ComplianceType": "complianceType", "Items": "items", "Tags": "tagKeys", "TagKeys": "tagKeys",
    "ActivationId": "activationId", "IamRole": "iamRole", "TypeName": "typeName",
    "SchemaDeleteOption": "schemaDeleteOption", "DeletionId": "deletionId", "SyncName": "syncName",
  ]
}
