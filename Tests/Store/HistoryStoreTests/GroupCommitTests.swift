import Inventory
import Synchronization
import Testing

@testable import HistoryStore

/// Many tasks that each record one body.
@Suite struct GroupCommitTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func makeStore(
    _ name: String, _ change: (inout HistoryStore.Configuration) -> Void = { _ in }
  ) throws -> HistoryStore {
    var configuration = HistoryStore.Configuration()
    configuration.mapSize = 8 << 20
    configuration.clock = { baseTime.milliseconds + 86_400_000 }
    change(&configuration)
    return try HistoryStore(path: folder.path + "/" + name, configuration: configuration)
  }

  private func body(_ node: Int, day: Int, versions: [Int]) -> [UInt8] {
    let items = versions.enumerated().map { index, version in
      #"{"Name":"a package with a long name, \#(index)","Version":"\#(version)"}"#
    }
    let time = baseTime.advanced(bySeconds: Int64(day) * 600)
    return Array(
      """
      {"InstanceId":"i-\(node)","Items":[{"TypeName":"AWS:Application","SchemaVersion":"1.1",\
      "CaptureTime":"\(time)","Content":[\(items.joined(separator: ","))]}]}
      """.utf8)
  }

  /// What became of a body, but for its number.
  private enum Outcome: Equatable {
    case stored(items: Int, changes: Int, duplicates: Int)
    case refused(ReportError)

    init(_ receipt: Receipt) {
      self = .stored(
        items: receipt.itemCount, changes: receipt.changeCount,
        duplicates: receipt.duplicateCount)
    }
  }

  private static let nodeCount = 40
  private static let dayCount = 6

  /// Bodies of a node in order: new, changed and repeated ones, and some that are refused.
  private func bodies(of node: Int, _ random: inout SeededGenerator) -> [[UInt8]] {
    var versions = (0..<30).map { _ in random.below(3) }
    return (0..<Self.dayCount).map { day in
      switch random.below(5) {
      case 0: return Array("{\"InstanceId\":\"i-\(node)\",\"Items\":[]}".utf8)
      case 1: break
      default: versions[random.below(30)] = random.below(5)
      }
      return body(node, day: day, versions: versions)
    }
  }

  private static func outcome(of body: [UInt8], in store: HistoryStore) async throws -> Outcome {
    do { return Outcome(try await store.record(json: body)) } catch let error as ReportError {
      return .refused(error)
    }
  }

  /// Records each node's bodies one after the other, all nodes at the same time.
  private static func recordAtOnce(
    _ bodies: [[[UInt8]]], in store: HistoryStore
  ) async throws -> [[Outcome]] {
    try await withThrowingTaskGroup(of: (Int, [Outcome]).self) { group in
      for (node, bodies) in bodies.enumerated() {
        group.addTask {
          var outcomes: [Outcome] = []
          for body in bodies { outcomes.append(try await Self.outcome(of: body, in: store)) }
          return (node, outcomes)
        }
      }
      var result = [[Outcome]](repeating: [], count: bodies.count)
      for try await (node, outcomes) in group { result[node] = outcomes }
      return result
    }
  }

  private func items(_ node: Int, in store: HistoryStore) throws -> [[UInt8]] {
    try store.state(of: NodeID("i-\(node)"), type: .application).items.map {
      itemBytes(Array($0.attributes))
    }
  }

  @Test(arguments: [256, 3, 1])
  func `many at once get the answers that they get in sequence`(groupMax: Int) async throws {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    let bodies = (0..<Self.nodeCount).map { self.bodies(of: $0, &random) }
    let together = try makeStore("together") { $0.groupCommitMax = groupMax }
    let outcomes = try await Self.recordAtOnce(bodies, in: together)
    let inSequence = try makeStore("sequence")
    for day in 0..<Self.dayCount {
      let results = try inSequence.recordInOneTransaction(bodies.map { $0[day] })
      for (node, result) in results.enumerated() {
        let expected = result.map { Outcome($0) }
        switch expected {
        case .success(let outcome): #expect(outcomes[node][day] == outcome, "seed \(seed)")
        case .failure(let error):
          #expect(outcomes[node][day] == .refused(error), "seed \(seed)")
        }
      }
    }
    for node in 0..<Self.nodeCount {
      #expect(try items(node, in: together) == items(node, in: inSequence), "seed \(seed)")
      let id = try NodeID("i-\(node)")
      #expect(try together.history(of: id).count == inSequence.history(of: id).count)
    }
    #expect(try together.verify().problems == [])
  }

  @Test func `an erasure meanwhile makes no item wrong`() async throws {
    var random = SeededGenerator(seed: 11)
    let bodies = (0..<Self.nodeCount).map { node in
      let versions = (0..<30).map { _ in random.below(3) }
      return (0..<Self.dayCount).map { body(node, day: $0, versions: versions + [node, $0]) }
    }
    let store = try makeStore("erased")
    async let outcomes = Self.recordAtOnce(bodies, in: store)
    for _ in 0..<20 {
      try store.recordAndForget(body(1000, day: 0, versions: [99, 98, 97]), NodeID("i-1000"))
      try await Task.sleep(for: .milliseconds(1))
    }
    _ = try await outcomes
    let expected = try makeStore("expected")
    for node in 0..<Self.nodeCount {
      _ = try expected.recordInOneTransaction(bodies[node])
      #expect(try items(node, in: store) == items(node, in: expected))
    }
    #expect(try store.verify().problems == [])
  }

  @Test func `an error of the store reaches each that waits`() async throws {
    let store = try makeStore("full") {
      $0.mapSize = 1 << 18
      $0.mapSizeMax = 1 << 18
    }
    let stored = try await withThrowingTaskGroup(of: (Int, Bool).self) { group in
      // Three times what fits, however few transactions it takes.
      for node in 0..<300 {
        let body = self.body(node, day: 0, versions: (0..<60).map { $0 * 1000 + node })
        group.addTask {
          do {
            _ = try await store.record(json: body)
            return (node, true)
          } catch let error as StoreError {
            #expect(error.code == .mapFull)
            return (node, false)
          }
        }
      }
      var stored = [Bool?](repeating: nil, count: 300)
      for try await (node, isStored) in group { stored[node] = isStored }
      return stored
    }
    #expect(stored.contains(false))
    let known = Set(try store.nodes().map { $0.node.text })
    for (node, isStored) in stored.enumerated() {
      #expect(known.contains("i-\(node)") == isStored)
    }
    #expect(try store.verify().problems == [])
  }

  @Test func `what a cancelled task stores is acknowledged`() async throws {
    let store = try makeStore("cancelled") { $0.groupCommitMax = 2 }
    let tasks = (0..<60).map { node in
      let body = self.body(node, day: 0, versions: [1, 2, 3])
      return Task { try await store.record(json: body) }
    }
    for task in tasks[20...] { task.cancel() }
    var acknowledged: Set<String> = []
    for (node, task) in tasks.enumerated() {
      switch await task.result {
      case .success(let receipt): acknowledged.insert(receipt.node.text)
      case .failure(let error): #expect(error is CancellationError && node >= 20)
      }
    }
    #expect(Set(try store.nodes().map { $0.node.text }) == acknowledged)
    #expect(acknowledged.count >= 20)
  }

  @Test func `a store for reading only takes nothing`() async throws {
    _ = try makeStore("closed")
    let store = try makeStore("closed") { $0.isReadOnly = true }
    await #expect(throws: StoreError.self) {
      try await store.record(json: body(1, day: 0, versions: [1]))
    }
  }
}

// Synchronous forms, which asynchronous tests would otherwise not choose.
extension HistoryStore {
  fileprivate func recordInOneTransaction(
    _ bodies: [[UInt8]]
  ) throws -> [Result<Receipt, ReportError>] {
    try record(json: bodies)
  }

  fileprivate func recordAndForget(_ body: [UInt8], _ node: NodeID) throws {
    _ = try record(json: [body])
    _ = try forget(node: node, reason: "test")
  }
}
