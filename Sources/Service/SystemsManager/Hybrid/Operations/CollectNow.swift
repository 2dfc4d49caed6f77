import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
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
    let node = try resource(id, "ManagedInstance", writing: request)
    guard try isInFleet(node, request.scope) else { throw Self.unknownNode(id) }
    return .object([.init("IsWaiting", .bool(try collectNow(node, in: request.scope)))])
  }

  /// Whether a node is registered, or reports without; one that was taken out is neither.
  private func isInFleet(_ node: NodeID, _ scope: Scope) throws -> Bool {
    if let known = try registry.node(node.text), known.scope == scope {
      return !known.isDeregistered
    }
    return try store.reading(scope) { reader in
      guard let number = try reader.number(of: node), let view = try reader.view(node, number)
      else { return false }
      return !view.isTerminated
    }
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
