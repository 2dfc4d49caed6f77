package import Inventory
package import JSONTape
package import NodeRegistry

/// What nodes are given to do, as far as lists of nodes, tags and registration touch it.
///
/// Who gives it knows the nodes; so they are asked and told by this.
package protocol NodeTasks: Sendable {
  /// What lists of nodes say of what became of a node's.
  func members(of node: NodeID, in scope: Scope) throws -> [JSONValue.Member]

  /// The tags of one of them.
  func tags(of id: String, in scope: Scope) throws -> [Activation.Tag]

  /// Changes the tags of one of them.
  func changeTags(
    of id: String, in scope: Scope, _ change: (inout Tags) throws -> Void) throws

  /// A node has other tags: it may be given something by them.
  func tagsChanged(of node: NodeID, in scope: Scope) throws

  /// A node registered or was taken out: what it did as the machine it was counts no more.
  func begin(_ node: String, in scope: Scope) throws

  /// A node was taken out: if it waits for something, it is answered.
  func end(_ node: String, in scope: Scope)
}
