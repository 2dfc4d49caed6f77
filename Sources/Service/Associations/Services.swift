package import AWSProtocol
import NodeRegistry
import SystemsManager

extension Associations {
  typealias Operation = AWSProtocol.Operation<Associations>

  /// What a server has in its list of services.
  package var services: [AWSService] {
    let systemsManager = AWSService(
      .json(target: "AmazonSSM"), signing: "ssm", told: Self.told, of: self, Self.operations)
    var messages = AWSService(
      .json(target: "EC2WindowsMessageDeliveryService"), signing: "ec2messages", of: self,
      Self.messageOperations)
    // Less than agents wait for an answer.
    messages.refusedWaitSeconds = min(configuration.messageWaitSeconds, 15)
    messages.upkeep = self
    // What AWS has not.
    let own = AWSService(
      .json(target: "Stocktake"), signing: "ssm", told: Self.told, of: self, [Self.collectNow])
    return [systemsManager, messages, own]
  }

  private static let operations: [Operation] = [
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
    "InstanceId": "instanceId", "Tags": "tagKeys", "ActivationId": "activationId",
    "IamRole": "iamRole", "AssociationId": "associationId", "AssociationIds": "associationIds",
    "Targets": "targets", "AssociationName": "associationName",
    "ScheduleExpression": "scheduleExpression",
  ]
}
