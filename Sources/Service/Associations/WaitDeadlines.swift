/// When waits end, in order.
///
/// Nearly all waits are equally long, so that a new one ends last: then adding one and taking out those
/// that are over cost the same however many there are.
struct WaitDeadlines {
  /// One wait of a node.
  struct Deadline {
    var node: ScopedNode
    var number: Int
    var time: ContinuousClock.Instant
  }

  private var deadlines: [Deadline] = []
  /// How many at the beginning were taken out already.
  private var passed = 0

  var isEmpty: Bool { passed == deadlines.count }

  mutating func add(_ deadline: Deadline) {
    let last = deadlines[passed...].lastIndex { $0.time <= deadline.time }
    deadlines.insert(deadline, at: last.map { $0 + 1 } ?? passed)
  }

  /// The next that is over; nil where none is.
  mutating func next(at now: ContinuousClock.Instant) -> Deadline? {
    guard passed < deadlines.count, deadlines[passed].time <= now else { return nil }
    defer {
      passed += 1
      if passed > deadlines.count / 2 {
        deadlines.removeFirst(passed)
        passed = 0
      }
    }
    return deadlines[passed]
  }
}
