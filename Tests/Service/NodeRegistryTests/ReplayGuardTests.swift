import CrashSupport
import Testing

@testable import NodeRegistry

/// Each signature counts once, and no node's flood costs another anything.
@Suite struct ReplayGuardTests {
  private static let began: Int64 = 1_795_000_000
  private let replays = ReplayGuard(now: began, windowSeconds: 1800)

  private func signature(_ number: Int) -> [UInt8] {
    var random = SplitMix64(seed: UInt64(bitPattern: Int64(number)))
    return (0..<256).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test func `a signature counts once, and none from before the server began`() {
    let time = Self.began + 5
    #expect(replays.note(signature(1), of: "mi-1", signedAt: time, now: time) == .new)
    #expect(replays.note(signature(1), of: "mi-1", signedAt: time, now: time + 900) == .replayed)
    #expect(replays.note(signature(2), of: "mi-1", signedAt: time, now: time) == .new)
    #expect(
      replays.note(signature(3), of: "mi-1", signedAt: Self.began - 1, now: time) == .tooEarly)
  }

  @Test func `one node's flood shuts itself out and nobody else, and none of it counts twice`() {
    let count = 3 * ReplayGuard.signaturesMax
    var taken: Set<Int> = []
    for number in 0..<count {
      let time = Self.began + Int64(number / 10)
      if replays.note(signature(number), of: "mi-1", signedAt: time, now: time) == .new {
        taken.insert(number)
      }
    }
    #expect(taken.count == count)
    let now = Self.began + Int64(count / 10)
    for number in 0..<count {
      let time = Self.began + Int64(number / 10)
      #expect(replays.note(signature(number), of: "mi-1", signedAt: time, now: now) != .new)
    }
    #expect(replays.note(signature(-1), of: "mi-2", signedAt: Self.began, now: now) == .new)
    // All in one second: more than are remembered are not taken.
    let results = (count..<(2 * count)).map {
      replays.note(signature($0), of: "mi-3", signedAt: now, now: now)
    }
    #expect(results.count { $0 == .new } == ReplayGuard.signaturesMax + 1)
    #expect(replays.note(signature(-2), of: "mi-3", signedAt: now + 1, now: now + 1) == .new)
  }

  @Test func `nodes of which nothing counts any more are forgotten`() {
    for node in 0..<100 {
      _ = replays.note(
        signature(node), of: "mi-\(node)", signedAt: Self.began, now: Self.began)
    }
    let later = Self.began + 4000
    #expect(replays.note(signature(1000), of: "mi-0", signedAt: later, now: later) == .new)
    #expect(replays.nodeCount == 1)
  }
}
