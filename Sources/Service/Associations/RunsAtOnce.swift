import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry
import SystemsManager

// Runs that do not wait for the schedule: whom to tell, and that they were told.

extension Associations {
  /// Nodes that are told together to run, and milliseconds until the next are: what 100,000 nodes collect
  /// comes in over minutes, as it does where they ask by themselves.
  private static let wokenTogetherMax = 100
  private static let wakePause = Duration.milliseconds(250)

  /// Sends those who wait for messages the word to run what is due; the first of them before it returns.
  func wakeWaitingNodes(_ scope: Scope) throws {
    let waiting = mailboxes.waiting(in: scope)
    try wake(waiting.prefix(Self.wokenTogetherMax), scope)
    let rest = waiting.dropFirst(Self.wokenTogetherMax)
    guard !rest.isEmpty else { return }
    Task {
      var rest = rest
      while !rest.isEmpty {
        try await Task.sleep(for: Self.wakePause)
        try wake(rest.prefix(Self.wokenTogetherMax), scope)
        rest = rest.dropFirst(Self.wokenTogetherMax)
      }
    }
  }

  func wake(_ ids: ArraySlice<String>, _ scope: Scope) throws {
    let all = try associations(in: scope)
    for text in ids {
      guard let node = try? NodeID(text),
        let effective = EffectiveAssociation(
          all, node: text, tags: try nodes.tags(of: node, in: scope))
      else { continue }
      let run = try run(effective.id, text, scope)
      if Self.isPending(effective, run) { tell(node, effective, run, scope) }
    }
  }

  /// Whether a run is to begin at once and did not begin.
  private static func isPending(_ effective: EffectiveAssociation, _ run: AssociationRun?) -> Bool {
    if effective.asked(run) > run?.recorded ?? 0 { return true }
    return run?.checksum != effective.checksum && effective.scheduledFrom == nil
  }

  /// Puts the word to run into a node's mailbox, unless the node has it.
  func tell(
    _ node: NodeID, _ effective: EffectiveAssociation, _ run: AssociationRun?, _ scope: Scope
  ) {
    let command = Message.command(node.text, effective, asked: effective.asked(run), scope)
    guard run?.acknowledged != command else { return }
    mailboxes.post(
      Message.refresh(node.text, effective.id, command: command, now: store.preciseNow),
      to: ScopedNode(scope: scope, id: node.text))
  }

  /// Sends a node the word to run, where it was asked for, did not begin.
  func remind(_ node: NodeID, _ scope: Scope) throws {
    guard let effective = try effective(node, scope),
      let run = try run(effective.id, node.text, scope)
    else { return }
    guard effective.asked(run) > run.recorded else { return }
    tell(node, effective, run, scope)
  }

  /// Changes what is kept of a node's run, in one transaction, where the closure says so.
  func changeRun(
    _ association: String, _ node: String, _ scope: Scope,
    _ change: (inout AssociationRun) -> Bool
  ) throws {
    let row = AssociationRun.row(association, node, scope)
    var failure: (any Error)?
    try store.updateControl(reading: [row]) { rows in
      var run = AssociationRun(rows[0]) ?? AssociationRun()
      guard change(&run) else { return [] }
      do { return [.init(key: row, value: try run.bytes)] } catch {
        failure = error
        return []
      }
    }
    if let failure { throw failure }
  }
}
