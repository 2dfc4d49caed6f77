import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension Associations {
  static let updateAssociation = Operation(
    "UpdateAssociation", access: .administer, load: .change,
    input: Field.ofAssociation + [
      Field("AssociationId", .associationID, required: true), Field("Name", .documentName),
      Field("AssociationVersion", .form(.associationVersion)),
    ],
    errors: AssociationTerms.errors.union([
      "AssociationDoesNotExist", "AssociationVersionLimitExceeded",
    ])
  ) { try $0.updateAssociation($1) }

  /// UpdateAssociation: a new version.
  ///
  /// Targets and document stay where nothing is said of them; all else that is left out is gone, as
  /// in AWS.
  func updateAssociation(_ request: AWSRequest) throws -> JSONValue {
    let scope = request.scope
    var association = try association(request.text("AssociationId"), in: scope)
    guard let before = association.terms() else { throw AWSError.internalError }
    if let version = request.text("AssociationVersion"), version != "$LATEST",
      version != String(before.version.number)
    {
      throw AWSError(
        "InvalidAssociationVersion",
        "The newest version is \(before.version.number), not \(version).")
    }
    guard association.versions.count < Association.versionsMax else {
      throw AWSError(
        "AssociationVersionLimitExceeded",
        "An association has \(Association.versionsMax) versions at most.")
    }
    var members = Self.kept(request, ["AssociationId", "AssociationVersion"]).members
    for name in ["Name", "Targets", "InstanceId", "DocumentVersion"]
    where !members.contains(where: { $0.name == name }) {
      if name == "InstanceId", members.contains(where: { $0.name == "Targets" }) { continue }
      if let value = before.input[name] { members.append(.init(name, value)) }
    }
    let input = JSONValue.object(members)
    try check(input)
    association.versions.append(
      .init(
        number: before.version.number + 1, created: store.preciseNow.milliseconds,
        input: input.compact))
    association.isInitial = false
    let changes = [
      HistoryStore.ControlChange(
        key: Association.row(association.id, scope), value: try association.bytes),
      try executionChange(association, scope),
    ]
    try store.updateControl { _ in changes }
    try wakeWaitingNodes(scope)
    return .object([.init("AssociationDescription", try description(association, scope))])
  }
}
