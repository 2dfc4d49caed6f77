import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry
import SystemsManager

extension Associations {
  static let collectNow = Operation(
    "CollectNow", access: .write, load: .change,
    input: [Field("InstanceId", .instanceID, required: true)],
    errors: [
      "AssociationDoesNotExist", "InvalidInstanceId", "InvalidResourceId", "InvalidResourceType",
    ]
  ) { try $0.collectNow($1) }

  /// CollectNow: asks one node to collect.
  ///
  /// IsWaiting says whether it does so at once; if not, it will be told when it asks next.
  func collectNow(_ request: AWSRequest) throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    let node = try nodes.resource(id, "ManagedInstance", writing: request)
    guard try nodes.isInFleet(node, request.scope) else { throw SystemsManager.unknownNode(id) }
    return .object([.init("IsWaiting", .bool(try collectNow(node, in: request.scope)))])
  }

  private func collectNow(_ node: NodeID, in scope: Scope) throws -> Bool {
    guard let effective = try effective(node, scope) else {
      throw AWSError(
        "AssociationDoesNotExist", "No association names \(node): there is nothing to collect.")
    }
    var asked = AssociationRun()
    try changeRun(effective.id, node.text, scope) { run in
      run.requested = store.preciseNow.milliseconds
      asked = run
      return true
    }
    guard mailboxes.knows(ScopedNode(scope: scope, id: node.text)) else { return false }
    tell(node, effective, asked, scope)
    return true
  }
}
