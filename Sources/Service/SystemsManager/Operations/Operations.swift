import AWSProtocol
import JSONTape

extension SystemsManager {
  /// The operations by name.
  static let operations = allOperations()

  private static func allOperations() -> [String: Operation] {
    let groups = [
      inventoryOperations(), nodeOperations(), registrationOperations(), associationOperations(),
      messageOperations(), ownOperations(),
    ]
    return groups.reduce(into: [:]) { all, group in all.merge(group) { first, _ in first } }
  }

  private static func registrationOperations() -> [String: Operation] {
    [
      "CreateActivation": Operation(.administer, Inputs.createActivation) {
        try $0.createActivation($1)
      },
      "DescribeActivations": Operation(.read, Inputs.describeActivations) {
        try $0.describeActivations($1)
      },
      "DeleteActivation": Operation(.administer, Inputs.deleteActivation) {
        try $0.deleteActivation($1)
      },
      "RegisterManagedInstance": Operation(.anonymous, Inputs.registerManagedInstance) {
        try $0.registerManagedInstance($1)
      },
      "RequestManagedInstanceRoleToken": Operation(.nodeKey, Inputs.requestRoleToken) {
        try $0.requestRoleToken($1)
      },
      "UpdateManagedInstancePublicKey": Operation(.nodeKey, Inputs.updatePublicKey) {
        try $0.updatePublicKey($1)
      },
      "DeregisterManagedInstance": Operation(.administer, Inputs.deregisterManagedInstance) {
        try $0.deregisterManagedInstance($1)
      },
      "UpdateManagedInstanceRole": Operation(.administer, Inputs.updateManagedInstanceRole) {
        try $0.updateManagedInstanceRole($1)
      },
      "UpdateInstanceInformation": Operation(.writeNode, Inputs.updateInstanceInformation) {
        try await $0.updateInstanceInformation($1)
      },
    ]
  }

  private static func associationOperations() -> [String: Operation] {
    [
      "CreateAssociation": Operation(.administer, Inputs.createAssociation) {
        try $0.createAssociation($1)
      },
      "UpdateAssociation": Operation(.administer, Inputs.updateAssociation) {
        try $0.updateAssociation($1)
      },
      "DeleteAssociation": Operation(.administer, Inputs.nameAssociation) {
        try $0.deleteAssociation($1)
      },
      "DescribeAssociation": Operation(.read, Inputs.nameAssociation) {
        try $0.describeAssociation($1)
      },
      "ListAssociations": Operation(.read, Inputs.listAssociations) {
        try $0.listAssociations($1)
      },
      "ListAssociationVersions": Operation(.read, Inputs.listAssociationVersions) {
        try $0.listAssociationVersions($1)
      },
      "StartAssociationsOnce": Operation(.administer, Inputs.startAssociationsOnce) {
        try $0.startAssociationsOnce($1)
      },
      "DescribeAssociationExecutions": Operation(.read, Inputs.describeAssociationExecutions) {
        try $0.describeAssociationExecutions($1)
      },
      "DescribeAssociationExecutionTargets": Operation(
        .read, Inputs.describeAssociationExecutionTargets
      ) { try $0.describeAssociationExecutionTargets($1) },
      "DescribeInstanceAssociationsStatus": Operation(
        .read, Inputs.describeInstanceAssociationsStatus
      ) { try $0.describeInstanceAssociationsStatus($1) },
      "ListInstanceAssociations": Operation(.writeNode, Inputs.listInstanceAssociations) {
        try $0.listInstanceAssociations($1)
      },
      "UpdateInstanceAssociationStatus": Operation(
        .writeNode, Inputs.updateInstanceAssociationStatus
      ) { try $0.updateInstanceAssociationStatus($1) },
      "UpdateAssociationStatus": Operation(.writeNode, Inputs.updateAssociationStatus) {
        try $0.updateAssociationStatus($1)
      },
      "GetDocument": Operation(.known, Inputs.getDocument) { try $0.getDocument($1) },
      "DescribeDocument": Operation(.known, Inputs.describeDocument) {
        try $0.describeDocument($1)
      },
      "ListDocuments": Operation(.known, Inputs.listDocuments) { try $0.listDocuments($1) },
    ]
  }

  /// Those of EC2WindowsMessageDeliveryService.
  private static func messageOperations() -> [String: Operation] {
    [
      "GetMessages": Operation(.writeNode, Inputs.getMessages) { try await $0.getMessages($1) },
      "AcknowledgeMessage": Operation(.writeNode, Inputs.messageAnswer) {
        try $0.takeMessage($1)
      },
      "DeleteMessage": Operation(.writeNode, Inputs.messageAnswer) { try $0.takeMessage($1) },
      "SendReply": Operation(.writeNode, Inputs.messageAnswer) { try $0.replyToMessage($1) },
      "FailMessage": Operation(.writeNode, Inputs.messageAnswer) { try $0.takeMessage($1) },
    ].mapValues {
      var operation = $0
      operation.service = .messages
      return operation
    }
  }

  private static func ownOperations() -> [String: Operation] {
    var collectNow = Operation(.write, Inputs.collectNow) { try $0.collectNow($1) }
    collectNow.service = .own
    return ["CollectNow": collectNow]
  }

  private static func inventoryOperations() -> [String: Operation] {
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
    ]
  }

  private static func nodeOperations() -> [String: Operation] {
    [
      "AddTagsToResource": Operation(.write, Inputs.addTags) { try await $0.addTags($1) },
      "RemoveTagsFromResource": Operation(.write, Inputs.removeTags) {
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
      "ListResourceDataSync": Operation(.read, Inputs.listResourceDataSync) {
        _, _ in .object([.init("ResourceDataSyncItems", .array([]))])
      },
    ]
  }

  /// What is not built: an error that every SDK knows for these operations, never a false success.
  @Sendable private static func notYet(_: SystemsManager, _ request: AWSRequest) throws -> JSONValue
  {
    throw AWSError(
      "ResourceDataSyncInvalidConfigurationException",
      "\(request.operation): Stocktake does not export to S3 yet. Nothing was changed.")
  }
}
