package import AWSProtocol

extension SystemsManager {
  typealias Operation = AWSProtocol.Operation<SystemsManager>

  /// What a server has in its list of services.
  package var services: [AWSService] {
    var systemsManager = AWSService(
      .json(target: "AmazonSSM"), signing: "ssm", told: Self.told, of: self, Self.operations)
    systemsManager.upkeep = self
    var messages = AWSService(
      .json(target: "EC2WindowsMessageDeliveryService"), signing: "ec2messages", told: Self.told,
      of: self, Self.messageOperations)
    // Less than agents wait for an answer.
    messages.refusedWaitSeconds = min(configuration.messageWaitSeconds, 15)
    // What AWS has not.
    let own = AWSService(
      .json(target: "Stocktake"), signing: "ssm", told: Self.told, of: self, [Self.collectNow])
    return [systemsManager, messages, own]
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
    createActivation, describeActivations, deleteActivation,
    createAssociation, updateAssociation, deleteAssociation, describeAssociation, listAssociations,
    listAssociationVersions, startAssociationsOnce, describeAssociationExecutions,
    describeAssociationExecutionTargets, describeInstanceAssociationsStatus,
    listInstanceAssociations, updateInstanceAssociationStatus, updateAssociationStatus,
    getDocument, describeDocument, listDocuments,
  ]

  private static let messageOperations: [Operation] = [
    getMessages, acknowledgeMessage, deleteMessage, sendReply, failMessage,
  ]

  /// The members of requests and answers that say what was changed, and what they are called in the audit.
  private static let told = [
    "InstanceId": "instanceId", "ResourceType": "resourceType", "ResourceId": "resourceId",
    "ComplianceType": "complianceType", "Items": "items", "Tags": "tagKeys", "TagKeys": "tagKeys",
    "ActivationId": "activationId", "IamRole": "iamRole", "AssociationId": "associationId",
    "AssociationIds": "associationIds", "Targets": "targets", "AssociationName": "associationName",
    "ScheduleExpression": "scheduleExpression", "TypeName": "typeName",
    "SchemaDeleteOption": "schemaDeleteOption", "DeletionId": "deletionId", "SyncName": "syncName",
  ]
}
