import HistoryStore
import Inventory
import PlainText
import Terminal
import Times

/// Reports on their way into a store, many in one commit.
final class ImportSession {
  private static let groupCount = 64
  /// What comes slowly is committed this often, so that little is lost where the process ends.
  private static let groupSeconds = 1.0

  let scope: Scope
  private let store: HistoryStore?
  private let bar = ProgressBar()
  private var groups: [Scope: [Report]] = [:]
  private var totals = Totals()
  private var readCount = 0
  /// Reports that no store takes, each of which was named.
  private(set) var refusedCount = 0
  private var committedSeconds = 0.0
  private let isDry: Bool

  /// Opens the store; where nothing is to be recorded, only if it is there.
  ///
  /// - Parameter scope: where the reports go that name no scope themselves.
  init(isDry: Bool, store: StoreOptions, scope: ScopeOptions? = nil) throws {
    self.isDry = isDry
    let opened = try isDry ? store.openIfThere(isReadOnly: false) : store.openForWriting()
    self.store = opened
    self.scope = try scope?.scope(in: opened) ?? .standard
    Interruption.catchSignals()
  }

  /// What a reader throws, as bad input; what says its own status keeps it.
  static func reading<Value>(_ body: () async throws -> Value) async throws -> Value {
    do { return try await body() } catch {
      if error is CommandFailure || error is StoreError { throw error }
      throw CommandFailure(.badInput, String(describing: error))
    }
  }

  /// Records a report, or says why not and goes on; in a dry run the same checks are made.
  func add(_ report: Report, in scope: Scope) throws {
    let report = try store.map { try report.completed(from: $0, in: scope) } ?? report
    readCount += 1
    if store == nil {
      do throws(ReportError) { try report.check(now: .now) } catch { return refuse(error) }
    }
    groups[scope, default: []].append(report)
    let isDue = bar.elapsedSeconds - committedSeconds > Self.groupSeconds
    if isDue || groups[scope]?.count == Self.groupCount { try commit(scope) }
  }

  /// Whether the store has an observation of exactly that valid time.
  func has(observationOf node: NodeID, type: TypeName, at time: Instant) throws -> Bool {
    guard let store else { return false }
    let states = try listOrNone { [try store.state(of: node, type: type, at: time, in: scope)] }
    return states.contains { $0.observedAt == time || $0.lastConfirmed == time }
  }

  /// Whether the store has any observation of a type of a node.
  func has(anyOf node: NodeID, type: TypeName) throws -> Bool {
    guard let store else { return false }
    return try listOrNone { try store.types(of: node, in: scope) }.contains(type)
  }

  /// Shows how far it is.
  func show(_ done: Int, of total: Int?, _ text: () -> String) {
    bar.update(done, of: total, text())
  }

  func finish() throws {
    for scope in groups.keys { try commit(scope) }
    bar.clear()
  }

  private func commit(_ scope: Scope) throws {
    let group = groups.removeValue(forKey: scope) ?? []
    committedSeconds = bar.elapsedSeconds
    guard let store, !group.isEmpty else { return }
    for result in try isDry ? store.rehearse(group, in: scope) : store.record(group, in: scope) {
      switch result {
      case .success(let receipt): totals.add(receipt)
      case .failure(let error): refuse(error)
      }
    }
    bar.update(0, of: nil, "\(grouped(totals.reports)) observations")
  }

  private func refuse(_ error: ReportError) {
    bar.clear()
    complain(error.description)
    refusedCount += 1
  }

  func summary(knownFrom: Instant?, _ zone: Zone) -> String {
    let from = knownFrom.map { "known from \(zone.text($0))" } ?? "nothing is known from this"
    let done =
      isDry
      ? "\(counted(readCount - refusedCount, "observation")), nothing was recorded"
      : totals.text(seconds: bar.elapsedSeconds)
    return "\(from)\n\(done)"
  }
}
