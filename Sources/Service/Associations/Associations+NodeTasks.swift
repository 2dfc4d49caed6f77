import AWSProtocol
import HistoryStore
package import Inventory
package import JSONTape
package import NodeRegistry
import SystemsManager

// Associations, as nodes and those who list them see them.

extension Associations: NodeTasks {
  /// The tags of an association.
  package func tags(of id: String, in scope: Scope) throws -> [Activation.Tag] {
    try association(id, in: scope).tags
  }

  /// Tags of an association; they say nothing about nodes.
  package func changeTags(
    of id: String, in scope: Scope, _ change: (inout Tags) throws -> Void
  ) throws {
    var association = try association(id, in: scope)
    var tags = Tags(association.tags)
    try change(&tags)
    association.tags = tags.asSent
    try store.setControlRow(Association.row(association.id, scope), to: try association.bytes)
  }

  /// An association may name the node by the tag: it is sent the word to run, if it waits for messages.
  package func tagsChanged(of node: NodeID, in scope: Scope) throws {
    guard mailboxes.knows(ScopedNode(scope: scope, id: node.text)) else { return }
    try wake([node.text], scope)
  }

  /// Forgets how collections went: what it did as the machine it was says nothing of when it is to collect.
  package func begin(_ node: String, in scope: Scope) throws {
    let rows = try associations(in: scope).map { AssociationRun.row($0.id, node, scope) }
    for row in rows { running.set(row, nil) }
    let kept = try rows.filter { try store.controlRow($0) != nil }
    guard !kept.isEmpty else { return }
    try store.updateControl { _ in kept.map { .init(key: $0, value: nil) } }
  }

  /// If it waits for messages, it is answered.
  package func end(_ node: String, in scope: Scope) {
    mailboxes.close(ScopedNode(scope: scope, id: node))
  }

  /// How its collection went last.
  package func members(of node: NodeID, in scope: Scope) throws -> [JSONValue.Member] {
    guard let effective = try effective(node, scope) else { return [] }
    let run = try run(effective.id, node.text, scope)
    let status = run?.status ?? "Pending"
    return [
      .init("AssociationStatus", .string(status)),
      .init(
        "LastAssociationExecutionDate",
        .timestamp(run.flatMap { $0.executed == 0 ? nil : Instant(milliseconds: $0.executed) })),
      .init(
        "LastSuccessfulAssociationExecutionDate",
        .timestamp(run?.succeeded.map { Instant(milliseconds: $0) })),
      .init(
        "AssociationOverview",
        .object([
          .init("DetailedStatus", .string(status)),
          .init(
            "InstanceAssociationStatusAggregatedCount",
            .object([.init(status, .count(effective.members.count))])),
        ])),
    ]
  }
}
