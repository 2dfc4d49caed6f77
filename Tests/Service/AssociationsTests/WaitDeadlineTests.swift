import CrashSupport
import Inventory
import Testing

@testable import Associations

/// When waits end, against a plain sorted list.
@Suite struct WaitDeadlineTests {
  private let start = ContinuousClock.now
  private let node = ScopedNode(scope: .local, id: "n")

  private func time(_ milliseconds: Int) -> ContinuousClock.Instant {
    start + .milliseconds(milliseconds)
  }

  private func numbers(_ deadlines: inout WaitDeadlines, until milliseconds: Int) -> [Int] {
    var numbers: [Int] = []
    while let next = deadlines.next(at: time(milliseconds)) { numbers.append(next.number) }
    return numbers
  }

  @Test func `those that are over come in order, the others stay`() {
    var deadlines = WaitDeadlines()
    #expect(deadlines.isEmpty && deadlines.next(at: time(1000)) == nil)
    // The third is shorter than the two before it.
    for (number, end) in [(1, 100), (2, 110), (3, 20), (4, 120)] {
      deadlines.add(.init(node: node, number: number, time: time(end)))
    }
    #expect(numbers(&deadlines, until: 19) == [])
    #expect(numbers(&deadlines, until: 110) == [3, 1, 2])
    #expect(!deadlines.isEmpty)
    #expect(numbers(&deadlines, until: 120) == [4])
    #expect(deadlines.isEmpty)
  }

  @Test(arguments: 1...20)
  func `adding and taking in any order is as with a sorted list`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var deadlines = WaitDeadlines()
    var plain: [(end: Int, number: Int)] = []
    var now = 0
    for number in 0..<500 {
      now += Int(random.next() % 20)
      // Mostly of one length, as questions for messages are.
      let end = now + (random.next() % 8 == 0 ? Int(random.next() % 200) : 200)
      deadlines.add(.init(node: node, number: number, time: time(end)))
      plain.append((end, number))
      guard random.next() % 3 == 0 else { continue }
      let over = plain.filter { $0.end <= now }.sorted { ($0.end, $0.number) < ($1.end, $1.number) }
      plain.removeAll { $0.end <= now }
      #expect(numbers(&deadlines, until: now) == over.map(\.number))
    }
    #expect(numbers(&deadlines, until: .max / 2_000_000).count == plain.count)
    #expect(deadlines.isEmpty)
  }
}
