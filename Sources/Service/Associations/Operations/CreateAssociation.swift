import AWSProtocol
import FoundationEssentials
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry
import SystemsManager

extension Associations {
  static let createAssociation = Operation(
    "CreateAssociation", access: .administer, load: .change,
    input: Field.ofAssociation + [
      Field("Name", .documentName, required: true), Field("InstanceId", .instanceID), .tags,
    ],
    errors: AssociationTerms.errors.union(["AssociationAlreadyExists", "AssociationLimitExceeded"])
  ) { try $0.createAssociation($1) }

  /// CreateAssociation.
  func createAssociation(_ request: AWSRequest) throws -> JSONValue {
    let input = Self.kept(request, ["Tags"])
    try check(input)
    let scope = request.scope
    let all = try associations(in: scope)
    guard all.count < Association.countMax else {
      throw AWSError(
        "AssociationLimitExceeded", "There are \(Association.countMax) associations already.")
    }
    // Their order is that in which they were made, also within a millisecond.
    let created = max(store.preciseNow.milliseconds, (all.last?.created ?? 0) + 1)
    var association = Association(
      id: UUID().uuidString.lowercased(), created: created, input: input)
    association.tags = Activation.Tag.all(of: request)
    var changes: [HistoryStore.ControlChange] = []
    if let rival = try rival(of: association, all) {
      // What a store begins with makes way for what somebody wants.
      changes.append(.init(key: Association.row(rival.id, scope), value: nil))
    }
    changes.append(.init(key: Association.row(association.id, scope), value: try association.bytes))
    changes.append(try executionChange(association, scope))
    let complete = changes
    try store.updateControl { _ in complete }
    try wakeWaitingNodes(scope)
    return .object([.init("AssociationDescription", try description(association, scope))])
  }

  /// The one that stands in the way and may be removed; throws where it may not.
  private func rival(of new: Association, _ all: [Association]) throws -> Association? {
    guard let terms = new.terms() else { return nil }
    let rival = all.first { other in
      guard let known = other.terms() else { return false }
      if terms.isGlobal { return known.isGlobal }
      guard let id = terms.input["InstanceId"]?.text else { return false }
      return known.input["InstanceId"]?.text == id
    }
    guard let rival else { return nil }
    guard rival.isInitial else {
      throw AWSError(
        "AssociationAlreadyExists",
        "The association \(rival.id) is for the same nodes: change it with UpdateAssociation.")
    }
    return rival
  }
}
