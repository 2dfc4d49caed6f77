import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import Schedules
import SystemsManager

// Associations as agents see them, and what became of their runs.

extension Associations {
  func effective(_ node: NodeID, _ scope: Scope) throws -> EffectiveAssociation? {
    EffectiveAssociation(
      try associations(in: scope), node: node.text, tags: try nodes.tags(of: node, in: scope))
  }

  /// How an association went on a node: as it goes now, else as it last ended.
  func run(_ association: String, _ node: String, _ scope: Scope) throws -> AssociationRun? {
    let row = AssociationRun.row(association, node, scope)
    let ended = AssociationRun(try store.controlRow(row))
    guard let now = running.run(row), now.recorded >= ended?.recorded ?? 0 else { return ended }
    return now
  }

  /// An AssociationStatus, which knows three words and no empty message.
  static func status(_ name: String, at time: Int64, _ message: String = "") -> JSONValue {
    let word =
      switch name {
      case "Success", "Skipped": "Success"
      case "Failed", "TimedOut": "Failed"
      default: "Pending"
      }
    return .object([
      .init("Name", .string(word)), .init("Date", .timestamp(Instant(milliseconds: time))),
      .init("Message", .string(message.isEmpty ? name : String(message.prefix(1024)))),
    ])
  }

  /// Notes how a node's collection goes: its status, and when the agent says that was.
  func note(
    _ told: AssociationRun, of effective: EffectiveAssociation, on node: String, _ scope: Scope
  ) throws -> AssociationRun {
    let row = AssociationRun.row(effective.id, node, scope)
    let hasBegun = running.run(row) != nil
    var run = try run(effective.id, node, scope) ?? AssociationRun()
    run.status = told.status
    run.summary = told.summary
    run.errorCode = told.errorCode
    run.recorded = store.preciseNow.milliseconds
    run.executed = told.executed == 0 ? run.recorded : told.executed
    // A run that began before a change knew nothing of it.
    if !hasBegun {
      run.checksum = effective.checksum
      run.began = run.recorded
    }
    run.isOwed = nil
    guard run.isFinal else {
      running.set(row, run)
      return run
    }
    if run.status == "Success" { run.succeeded = run.executed }
    run.settle(refused: nodes.refusedReports.were(since: run.began ?? run.recorded))
    for member in effective.members {
      run.version = member.terms.version.number
      try end(run, of: member.association.id, on: node, scope, effective.schedule)
    }
    running.set(row, nil)
    return run
  }

  /// Keeps how a run ended, and counts it under its execution, in one transaction.
  private func end(
    _ run: AssociationRun, of association: String, on node: String, _ scope: Scope,
    _ schedule: String?
  ) throws {
    var failure: (any Error)?
    let row = AssociationRun.row(association, node, scope)
    try store.updateControl(reading: [row]) { rows in
      do {
        var run = run
        // What was asked for, and said of messages, while it went on.
        if let known = AssociationRun(rows[0]) {
          run.requested = max(run.requested, known.requested)
          run.acknowledged = known.acknowledged ?? run.acknowledged
        }
        var kept = try self.executions(association, scope)
        var execution =
          kept.last.flatMap { self.isOpen($0, run, schedule) ? $0 : nil }
          ?? AssociationExecution(version: run.version, created: run.recorded)
        execution.counts[run.status, default: 0] += 1
        execution.last = max(execution.last ?? 0, run.executed)
        run.execution = execution.id
        if kept.last?.id != execution.id { kept.append(execution) }
        var changes: [HistoryStore.ControlChange] = [
          .init(key: row, value: try run.bytes),
          .init(key: execution.row(association, scope), value: try execution.bytes),
        ]
        for old in kept.dropLast(AssociationExecution.keptMax) {
          changes.append(.init(key: old.row(association, scope), value: nil))
        }
        return changes
      } catch {
        failure = error
        return []
      }
    }
    if let failure { throw failure }
  }

  /// Whether a run belongs to an execution: it is of its version, and the next is not due.
  private func isOpen(
    _ execution: AssociationExecution, _ run: AssociationRun, _ schedule: String?
  ) -> Bool {
    guard execution.version == run.version else { return false }
    guard let schedule, case .rate(let seconds) = Schedule(schedule) else { return true }
    return run.recorded < execution.created + seconds * 1000
  }
}
