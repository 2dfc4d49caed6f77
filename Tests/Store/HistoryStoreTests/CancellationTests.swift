import Inventory
import Testing

@testable import HistoryStore

/// A question whose task is cancelled ends; what is written, and what is asked elsewhere, does not.
@Suite struct CancellationTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore
  private let node: NodeID

  init() throws {
    folder = try TemporaryFolder()
    store = try HistoryStore(path: folder.path)
    node = try NodeID("web-1")
    try record(at: baseTime, version: "1")
    try record(at: baseTime.advanced(bySeconds: 60), version: "2")
  }

  private func record(at time: Instant, version: String) throws {
    let entry = Report.Entry(
      type: .application, captureTime: time, content: [["Name": "bash", "Version": version]])
    for result in try store.record([Report(node: node, entries: [entry])]) { _ = try result.get() }
  }

  @Test(
    "every scan ends",
    arguments: [
      { store, node in _ = try store.state(of: node, type: .application) },
      { store, node in _ = try store.history(of: node) },
      { store, _ in _ = try store.changes(after: SequenceNumber(0), limit: 10) },
      { store, _ in _ = try store.changes(from: baseTime, to: Instant(seconds: 1_900_000_000)) },
      { store, _ in _ = try store.nodes() }, { store, _ in _ = try store.schemas() },
      { store, _ in _ = try store.rollup(at: Instant(seconds: 1_900_000_000)) },
      { store, _ in
        _ = try store.holders(of: "bash", from: baseTime, to: Instant(seconds: 1_900_000_000))
      },
      { store, _ in
        try store.reading(.local) { try $0.forEachNode(after: nil) { _, _ in true } }
      },
    ] as [@Sendable (HistoryStore, NodeID) throws -> Void])
  func scans(_ ask: @escaping @Sendable (HistoryStore, NodeID) throws -> Void) async throws {
    try ask(store, node)
    let (store, node) = (store, node)
    let error = await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return #expect(throws: StoreError.self) { try ask(store, node) }
    }.value
    #expect(error?.code == .cancelled)
  }

  @Test func `a roll-out ends, and is not called damage`() async throws {
    let store = store
    let error = await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return #expect(throws: StoreError.self) {
        try store.rollout(of: "bash", at: [baseTime.advanced(bySeconds: 90)])
      }
    }.value
    #expect(error?.code == .cancelled)
  }

  @Test func `a cancelled task writes as others do`() async throws {
    let store = store
    let (node, time) = (node, baseTime.advanced(bySeconds: 120))
    try await Task {
      withUnsafeCurrentTask { $0?.cancel() }
      _ = try store.recordNodeEvent(.terminated, node: node, at: time)
    }.value
    #expect(try store.nodes().first?.status == .terminated)
  }
}
