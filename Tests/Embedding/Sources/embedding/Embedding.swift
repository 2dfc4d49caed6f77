import HistoryStore
import Inventory

/// Records a week of one node, asks about it, and follows the log.
@main struct Embedding {
  static func main() async throws {
    let folder = CommandLine.arguments.dropFirst().first ?? "embedding-store"
    let store = try HistoryStore(path: folder)
    let node = try NodeID("web-1")
    guard let monday = Instant(rfc3339: "2026-03-02T09:00:00+01:00") else { return }
    for day in 0..<7 {
      let openssl: Item = [
        "Name": "openssl", "Version": "3.0.\(day / 3)", "Architecture": "x86_64",
      ]
      let entry = Report.Entry(
        type: .application, captureTime: monday.advanced(bySeconds: Int64(day) * 86400),
        content: [openssl])
      _ = try await store.record(Report(node: node, entries: [entry]))
    }
    let thursday = monday.advanced(bySeconds: 3 * 86400)
    let state = try store.state(of: node, type: .application, at: thursday)
    precondition(state.items.map { $0["Version"] } == ["3.0.1"])
    let summary = try store.node(node)
    precondition(summary?.node == node && summary?.lastSeen != nil)
    var versions: [String?] = []
    for try await changes in store.feed() {
      versions += changes.map { $0.new?["Version"] }
      if versions.count == 3 { break }
    }
    print(monday.rfc3339, versions.compactMap(\.self).joined(separator: " "))
  }
}
