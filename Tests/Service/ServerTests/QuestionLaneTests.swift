import AWSProtocol
import Synchronization
import Testing

@testable import Server

struct QuestionLaneTests {
  private static func lane(
    threads: Int = 1, waiting: Int = 100, seconds: Int64 = 60
  ) -> QuestionLane {
    var limits = ServerLimits()
    limits.questionsWaitingMax = waiting
    limits.secondsToAnswerMax = seconds
    return QuestionLane(threads: threads, limits: limits)
  }

  /// Opened, it lets through whoever waits.
  private final class Door: Sendable {
    private let isOpen = Atomic(false)
    func open() { isOpen.store(true, ordering: .releasing) }
    func pass() { while !isOpen.load(ordering: .acquiring), !Task.isCancelled {} }
  }

  /// Whose questions were answered, one after another.
  private final class Order: Sendable {
    private let noted = Mutex<[String]>([])
    var keys: [String] { noted.withLock { $0 } }
    func note(_ key: String) { noted.withLock { $0.append(key) } }
  }

  private static func until(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test("as many run as there are threads, and the keys take turns", .timeLimit(.minutes(1)))
  func turns() async throws {
    let lane = Self.lane(threads: 2)
    let door = Door()
    let order = Order()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 { group.addTask { try await lane.run(for: "many") { door.pass() } } }
      try await Self.until { lane.load.running == 2 }
      for (index, key) in ["many", "many", "many", "few", "other"].enumerated() {
        group.addTask { try await lane.run(for: key) { order.note(key) } }
        try await Self.until { lane.load.waiting == index + 1 }
      }
      #expect(lane.load.running == 2)
      door.open()
      try await group.waitForAll()
    }
    let found = order.keys
    #expect(found.count == 5)
    // Two threads may end in either order.
    #expect(Set(found.prefix(4)).isSuperset(of: ["few", "other"]))
    #expect(lane.load == (0, 0))
  }

  @Test(
    "more than may wait are told to come back, of one key half of them", .timeLimit(.minutes(1)))
  func throttling() async throws {
    let lane = Self.lane(waiting: 4)
    let door = Door()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await lane.run(for: "one") { door.pass() } }
      try await Self.until { lane.load.running == 1 }
      for key in ["one", "one", "two", "two"] {
        group.addTask { try await lane.run(for: key) {} }
        try await Self.until { lane.load.waiting > 0 }
      }
      try await Self.until { lane.load.waiting == 4 }
      await #expect(throws: AWSError.throttling) { try await lane.run(for: "three") {} }
      // Who is held to another limit is not held to this one.
      group.addTask { try await lane.run(for: "three", isCounted: false) {} }
      try await Self.until { lane.load.waiting == 5 }
      door.open()
      try await group.waitForAll()
    }
  }

  @Test("what takes too long is given up, and told so", .timeLimit(.minutes(1)))
  func deadline() async throws {
    let lane = Self.lane(seconds: 0)
    let error = await #expect(throws: AWSError.self) {
      try await lane.run(for: "one") { while !Task.isCancelled {} }
    }
    #expect(error?.name == "DeadlineExceededException")
    #expect(lane.load == (0, 0))
  }

  @Test("who is cancelled leaves the queue, and stops what runs", .timeLimit(.minutes(1)))
  func cancellation() async throws {
    let lane = Self.lane()
    let running = Task { try await lane.run(for: "one") { while !Task.isCancelled {} } }
    try await Self.until { lane.load.running == 1 }
    let waiting = Task { try await lane.run(for: "one") {} }
    try await Self.until { lane.load.waiting == 1 }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(lane.load == (1, 0))
    running.cancel()
    await #expect(throws: CancellationError.self) { try await running.value }
    #expect(lane.load == (0, 0))
    #expect(try await lane.run(for: "two") { 7 } == 7)
  }
}
