import Inventory
import Synchronization
import Testing

@testable import HistoryStore

/// Items whose text is known, from the store's side.
@Suite struct KnownTextTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore

  init() throws {
    folder = try TemporaryFolder()
    store = try .testing(folder.path, clock: FakeClock(baseTime.milliseconds + 86_400_000))
  }

  private let names = ["the first package, a long name", "the second package, a long name"]

  private func body(_ node: String, _ names: [String], minute: Int = 0) -> [UInt8] {
    let items = names.map { #"{"Name":"\#($0)","Version":"1"}"# }.joined(separator: ",")
    let time = baseTime.advanced(bySeconds: Int64(minute) * 60)
    return Array(
      """
      {"InstanceId":"\(node)","Items":[{"TypeName":"AWS:Application","SchemaVersion":"1.1",\
      "CaptureTime":"\(time)","Content":[\(items)]}]}
      """.utf8)
  }

  /// How many items of a body would be known now; what was known before an erasure does not count.
  private func knownCount(_ body: [UInt8], in scope: Scope = .local) throws -> Int {
    let reader = ReportReader(limits: .default, hash: store.hash)
    let report = try reader.read(
      body.span.bytes, known: store.reader.known(in: scope), now: store.now)
    guard report.knownGeneration == store.writer.contentGeneration else { return 0 }
    return report.entries[0].content?.elements.count { $0.knownContent != 0 } ?? 0
  }

  private func record(_ bodies: [[UInt8]], in scope: Scope = .local) throws {
    for result in try store.record(json: bodies, in: scope) { _ = try result.get() }
  }

  private func held(by node: String, in scope: Scope = .local) throws -> [String?] {
    try store.state(of: NodeID(node), type: .application, in: scope).items.sorted().map {
      $0["Name"]
    }
  }

  @Test func `items known before an erasure are read, then known again`() throws {
    try record([body("i-1", [names[0]]), body("i-2", [names[1]])])
    #expect(try knownCount(body("i-3", names)) == 2)
    _ = try store.forget(node: NodeID("i-1"), reason: "test")
    // The first content is gone with its node: its number stands for nothing.
    try record([body("i-3", names, minute: 1)])
    #expect(try held(by: "i-3") == names)
    // The report that was read again tells of which contents texts are to be learned.
    try record([body("i-4", names, minute: 2)])
    #expect(try held(by: "i-4") == names)
    #expect(try knownCount(body("i-5", names)) == 2)
    try record([body("i-5", names, minute: 3)])
    #expect(try held(by: "i-5") == names)
    #expect(try store.verify().problems == [])
  }

  @Test func `a scope knows nothing of another's items`() throws {
    let other = try Scope(account: "111122223333", region: "eu-central-1")
    try record([body("i-1", names)])
    #expect(try knownCount(body("i-1", names), in: other) == 0)
    try record([body("i-1", [names[1]])], in: other)
    try record([body("i-2", names)], in: other)
    #expect(try held(by: "i-2", in: other) == names)
    #expect(try held(by: "i-1") == names)
    #expect(try store.verify().problems == [])
  }

  @Test func `what is known of a transaction that failed is read again`() throws {
    var configuration = HistoryStore.Configuration()
    configuration.mapSize = 1 << 18
    configuration.mapSizeMax = 1 << 18
    configuration.clock = { baseTime.milliseconds + 86_400_000 }
    let small = try HistoryStore(path: folder.path + "/small", configuration: configuration)
    func name(_ number: Int) -> String { "package number \(number), a long name" }
    _ = try small.record(json: [body("i-0", (0..<10).map(name))])[0].get()
    // New to the store, so that texts of its first bodies are learned before the last are read.
    let large = (1...400).map { node in
      body("i-\(node)", (0..<200).map { name($0 * 7 % 200 + node % 3) })
    }
    #expect(throws: StoreError.self) { try small.record(json: large) }
    let kept = [150, 20, 60, 5]
    _ = try small.record(json: [body("i-1", kept.map(name))])[0].get()
    let items = try small.state(of: NodeID("i-1"), type: .application).items
    #expect(Set(items.map { $0["Name"] }) == Set(kept.map(name)))
    #expect(try small.nodes().count == 2)
    #expect(try small.verify().problems == [])
  }
}
