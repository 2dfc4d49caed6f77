package import AWSProtocol
import JSONTape
import NodeRegistry

extension SystemsManager {
  /// What an operation is answered with.
  package struct Answer: Sendable {
    package var body: [UInt8]
    /// What was changed; nil where nothing was.
    package var deed: Deed?
  }

  /// The members of requests and answers that say what was changed, and what they are called in the audit.
  private static let objectMembers = [
    "InstanceId": "instanceId", "ResourceType": "resourceType", "ResourceId": "resourceId",
    "ComplianceType": "complianceType", "Items": "items", "Tags": "tagKeys", "TagKeys": "tagKeys",
    "ActivationId": "activationId", "IamRole": "iamRole", "AssociationId": "associationId",
    "AssociationIds": "associationIds", "Targets": "targets", "AssociationName": "associationName",
    "ScheduleExpression": "scheduleExpression", "TypeName": "typeName",
    "SchemaDeleteOption": "schemaDeleteOption", "DeletionId": "deletionId", "SyncName": "syncName",
  ]

  /// Operations that write what nodes say all day, or take what is meant for them: the history has it, or it
  /// is nothing that lasts.
  private static let routine: Set<String> = [
    "UpdateInstanceInformation", "UpdateInstanceAssociationStatus", "UpdateAssociationStatus",
    "ListInstanceAssociations", "GetMessages", "AcknowledgeMessage", "DeleteMessage", "SendReply",
    "FailMessage", "RequestManagedInstanceRoleToken",
  ]

  /// What a request changed that was answered well; nil for one that changes nothing of its own.
  func deed(_ request: AWSRequest, _ answer: JSONValue) -> Deed? {
    let operation = request.operation
    guard let access = Self.access(to: operation), access != .read, access != .known,
      !Self.routine.contains(operation), !request.flag("DryRun")
    else { return nil }
    var objects: [Deed.Object] = []
    for value in [request.input, answer, answer["AssociationDescription"] ?? .null] {
      for member in value.members {
        guard let name = Self.objectMembers[member.name],
          !objects.contains(where: { $0.name == name })
        else { continue }
        objects.append(.init(name, Self.text(of: member.value)))
      }
    }
    if let node = request.caller.node, !objects.contains(where: { $0.name == "instanceId" }) {
      objects.append(.init("instanceId", node))
    }
    let isRoutine = access == .writeNode && !request.caller.may(.write)
    // Nobody signed that a machine registers: it is in the account of its activation.
    let registered = access == .anonymous ? answer["InstanceId"]?.text : nil
    let scope = registered.flatMap { try? registry.node($0)?.scope }
    return Deed(operation, objects, in: scope, isRoutine: isRoutine)
  }

  /// Texts as they are, lists of texts with commas, tags by their keys, targets with their values, of other
  /// lists the length.
  private static func text(of value: JSONValue) -> String {
    if let text = value.text { return text }
    let texts = value.elements.compactMap { element -> String? in
      if let text = element.text { return text }
      guard let key = element["Key"]?.text else { return nil }
      return element["Values"].map { "\(key)=\($0.texts.joined(separator: "|"))" } ?? key
    }
    return texts.isEmpty ? String(value.elements.count) : texts.joined(separator: ",")
  }
}
