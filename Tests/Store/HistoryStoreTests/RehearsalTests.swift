import Inventory
import Testing

@testable import HistoryStore

/// A rehearsal answers as the recording behind it does, and stores nothing.
@Suite struct RehearsalTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore
  private let rack: TypeName

  init() throws {
    folder = try TemporaryFolder()
    store = try HistoryStore(path: folder.path)
    rack = try TypeName("Custom:Rack")
  }

  private func report(_ node: String, _ items: [Item]) throws -> Report {
    let entry = Report.Entry(type: rack, captureTime: baseTime, content: items)
    return Report(node: try NodeID(node), entries: [entry])
  }

  private func answers(_ results: [Result<Receipt, ReportError>]) -> [String] {
    results.map { result in
      switch result {
      case .success(let receipt): "\(receipt.itemCount) items"
      case .failure(let error): error.description
      }
    }
  }

  @Test func `what only the writer sees is refused as it would be`() throws {
    _ = try store.record([report("n-1", [["Unit": "1"]])])[0].get()
    let sequence = try store.lastSequence
    let late = Instant(seconds: 4_000_000_000)
    let reports = [
      try report("n-2", [["Unit": "2"]]), try report("n-3", [["UNIT": "3"]]),
      try report("n-4", [["Height": "1"]]),
      // Each report of a group meets what those before it brought.
      try report("n-5", [["height": "1"]]),
      Report(node: try NodeID("n-6"), entries: [.init(type: rack, captureTime: late, content: [])]),
    ]
    let rehearsed = answers(try store.rehearse(reports))
    #expect(try store.lastSequence == sequence)
    #expect(try store.nodes().map(\.node.text) == ["n-1"])
    #expect(rehearsed[0] == "1 items")
    #expect(rehearsed[1].contains("already as \"Unit\""), "\(rehearsed[1])")
    #expect(rehearsed[3].contains("already as \"Height\""), "\(rehearsed[3])")
    #expect(answers(try store.record(reports)) == rehearsed)
    #expect(try store.verify().problems == [])
  }

  @Test func `a store that is read only is not rehearsed on`() throws {
    let folder = try TemporaryFolder()
    do {
      let store = try HistoryStore(path: folder.path)
      _ = try store.record([report("n-1", [["Unit": "1"]])])[0].get()
    }
    var configuration = HistoryStore.Configuration()
    configuration.isReadOnly = true
    let other = try HistoryStore(path: folder.path, configuration: configuration)
    #expect(throws: StoreError.self) { try other.rehearse([report("n-2", [])]) }
  }
}
