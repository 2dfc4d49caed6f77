import Digests
import Foundation
import Inventory
import Testing

@testable import HistoryStore

/// The model of a fleet beside the repository: its reports, and the digests of the answers.
@Suite struct FleetTests {
  static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../../shared/fleet/fleet.py").standardizedFileURL.path

  private struct Query: Decodable {
    var q: String
    var host: String?
    var time: Int64?
    var from: Int64?
    var to: Int64?
    var name: String?
    var version: String?
    var count: Int
    var sha256: String
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: script),
      "there is no ../shared/fleet/fleet.py beside the package to generate a fleet with"),
    arguments: [1, 2, 3])
  func `every question about a generated fleet is answered`(seed: Int) throws {
    let folder = try TemporaryFolder()
    let (jsonl, queries) = (folder.path + "/fleet.jsonl", folder.path + "/queries.json")
    try generate(seed: seed, jsonl: jsonl, queries: queries)
    // The fleet reports in January 2026.
    let clock = FakeClock(baseTime.milliseconds)
    let store = try HistoryStore.testing(folder.path + "/store", clock: clock)
    var bodies: [[UInt8]] = []
    for line in try Data(contentsOf: URL(fileURLWithPath: jsonl)).split(separator: 10) {
      bodies.append(Array(line))
    }
    #expect(bodies.count == 20 * 12)
    for start in stride(from: 0, to: bodies.count, by: 64) {
      clock.advance(by: 60_000)
      for result in try store.record(json: Array(bodies[start..<min(start + 64, bodies.count)])) {
        _ = try result.get()
      }
    }
    let list = try JSONDecoder().decode(
      [Query].self, from: Data(contentsOf: URL(fileURLWithPath: queries)))
    #expect(Set(list.map(\.q)) == ["asof", "current", "who", "diff", "history"])
    for query in list {
      let lines = try answer(query, store).sorted()
      #expect(lines.count == query.count, "\(query)")
      #expect(digest(lines) == query.sha256, "\(query)")
    }
    try store.checkSoundness()
    try store.checkRebuild()
  }

  private func digest(_ lines: [String]) -> String {
    // In the order of their bytes, which is that of their code points too.
    let bytes = lines.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    return SHA256().digest(Array(bytes.joined(separator: [10])).span.bytes).description
  }

  private func generate(seed: Int, jsonl: String, queries: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", Self.script, "gen", "--hosts", "20", "--days", "12", "--items", "60",
      "--nqueries", "40", "--churn", "0.05", "--reinstall", "0.01", "--seed", "\(seed)",
      "--jsonl", jsonl, "--queries", queries,
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  private func line(_ item: Item) throws -> String {
    let time = try #require(item["InstalledTime"].flatMap { Instant(captureTime: $0) })
    return "\(item["Name"] ?? "")\t\(item["Version"] ?? "")\t\(time.seconds)"
  }

  private func answer(_ query: Query, _ store: HistoryStore) throws -> [String] {
    func time(_ seconds: Int64?) throws -> Instant { Instant(seconds: try #require(seconds)) }
    let node = try query.host.map { try NodeID($0) }
    switch query.q {
    case "asof":
      let state = try store.state(
        of: #require(node), type: .application, at: time(query.time))
      return try state.items.map(line)
    case "current":
      return try store.state(of: #require(node), type: .application).items.map(line)
    case "who":
      let held = try store.holders(
        of: #require(query.name), version: query.version, at: time(query.time))
      return held.map(\.node.text)
    case "diff":
      let found = try store.diff(
        of: #require(node), type: .application, from: time(query.from), to: time(query.to))
      return found.flatMap(\.differences).map {
        "\($0.identity["Name"] ?? "")\t\($0.old?["Version"] ?? "")\t\($0.new?["Version"] ?? "")"
      }
    default:
      return try store.history(of: #require(node), type: .application).map {
        let name = $0.identity["Name"] ?? ""
        let versions = "\($0.old?["Version"] ?? "")\t\($0.new?["Version"] ?? "")"
        return "\($0.validTime.seconds)\t\(name)\t\(versions)"
      }
    }
  }
}
