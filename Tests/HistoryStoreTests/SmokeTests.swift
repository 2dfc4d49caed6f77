import HistoryStore
import Inventory
import Testing
import Foundation

@Suite struct SmokeTests {
  @Test func `a report is answered at its date`() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    let store = try HistoryStore(path: folder)
    let t = try #require(Instant(captureTime: "2026-03-03T09:00:00Z"))
    let node = try NodeID("i-1")
    let r = try store.record([
      Report(node: node, entries: [.init(type: .application, captureTime: t, content: [["Name": "bash", "Version": "5.2", "InstalledTime": "2026-01-01T00:00:00Z"], ["Name": "zsh", "Version": "5.9"]])])
    ])
    print(r)
    let r2 = try store.record([
      Report(node: node, entries: [.init(type: .application, captureTime: t.advanced(bySeconds: 60), content: [["Name": "bash", "Version": "5.3", "InstalledTime": "2026-01-02T00:00:00Z"], ["Name": "zsh", "Version": "5.9"]])])
    ])
    print(r2)
    let r3 = try store.record([
      Report(node: node, entries: [.init(type: .application, captureTime: t.advanced(bySeconds: 30), content: [["Name": "bash", "Version": "5.2.5", "InstalledTime": "2026-01-02T00:00:00Z"], ["Name": "curl", "Version": "5.9"]])])
    ])
    print(r3)
    for d in [-1, 0, 10, 30, 59, 60, 100] {
      let s = try store.state(of: node, type: .application, at: t.advanced(bySeconds: Int64(d)))
      print(d, s.knowledge, s.observedAt as Any, s.nextObserved as Any, s.items.map { $0 })
    }
    print(try store.history(of: node).map { "\($0.validTime) \($0.kind) \($0.identity) \($0.sequence)" })
    print(try store.holders(of: "bash", from: .distantPast, to: .distantFuture).map { "\($0.version as Any) \($0.from) \($0.to as Any)" })
    print(try store.changes(after: .zero, limit: 100).map { "\($0.sequence) \($0.kind) \($0.identity)" })
    print(try store.rebuild())
    print(try store.history(of: node).map { "\($0.validTime) \($0.kind) \($0.identity) \($0.sequence)" })
    print(try store.nodes(), try store.schemas())
  }
}
