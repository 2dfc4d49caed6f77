import Inventory
import Testing

@testable import HistoryStore

/// Timelines that span many chunks and keyframes.
@Suite struct LongTimelineTests {
  private func item(_ number: Int, version: Int) -> Item {
    [
      "Name": "package-\(number)", "Version": "\(version)", "Architecture": "amd64",
      "InstalledTime": Instant(seconds: baseTime.seconds - 100_000 + Int64(version) * 7)
        .description,
    ]
  }

  @Test func `a long timeline is split, linked anew and stays what was recorded`() throws {
    let folder = try TemporaryFolder()
    let clock = FakeClock(baseTime.milliseconds + 400 * 86_400_000)
    let store = try HistoryStore.testing(folder.path, clock: clock)
    var random = SeededGenerator(seed: 300)
    var reference = ReferenceStore()
    let name = SeriesName(scope: .local, node: try NodeID("i-1"), type: .application)
    // The versions that were reported, by time: a late report differs little from its neighbours.
    var reported = [(time: Int64.min, versions: [Int](repeating: 0, count: 300))]
    // Drawn first: each is the time of a report in a row, or of a late one between them.
    var times = (0..<400).map { Int64($0) * 100 }
    times += (0..<200).map { _ in Int64(random.below(41_000)) - 500 }
    var batch: [Report] = []
    var expected: [Receipt?] = []
    for (number, time) in times.enumerated() {
      let index = (reported.lastIndex { $0.time <= time } ?? 0) + 1
      var versions = reported[index - 1].versions
      for _ in 0..<(1 + random.below(20)) {
        let package = random.below(versions.count)
        // A version of -1 is not there.
        versions[package] = random.chance(15) ? -1 : random.below(1000)
      }
      reported.insert((time, versions), at: index)
      let content = versions.indices.filter { versions[$0] >= 0 }.map {
        item($0, version: versions[$0])
      }
      let report = Report(
        node: name.node,
        entries: [
          .init(
            type: name.type, captureTime: baseTime.advanced(bySeconds: time), content: content)
        ])
      batch.append(report)
      expected.append(reference.accept(report, in: .local, at: clock.milliseconds))
      guard batch.count == 8 || number == times.count - 1 else { continue }
      let receipts = try store.record(batch).map { try $0.get() }
      #expect(receipts == expected)
      clock.advance(by: 1000)
      (batch, expected) = ([], [])
    }
    try check(store, &reference, name, times, &random)
    let rows = try store.projectionRows()
    #expect(rows["timeline"]?.count ?? 0 > 8)
    #expect(rows["keyframes"]?.count ?? 0 >= 3)
    try store.checkSoundness()
    try store.checkRebuild()
    try check(store, &reference, name, Array(times.prefix(20)), &random)
  }

  private func check(
    _ store: HistoryStore, _ reference: inout ReferenceStore, _ name: SeriesName,
    _ times: [Int64], _ random: inout SeededGenerator
  ) throws {
    for time in times.shuffled(using: &random).prefix(150) {
      let at = baseTime.advanced(bySeconds: time - Int64(random.below(2)))
      let known = random.chance(50) ? random.pick(reference.recordedTimes) : nil
      let state = try store.state(
        of: name.node, type: name.type, at: at,
        knownAt: known.map { Instant(milliseconds: $0) })
      let wanted = reference.state(name, at: at.seconds, knownAt: known)
      #expect(state.observedAt?.seconds == wanted.found?.valid)
      #expect(state.nextObserved?.seconds == wanted.nextObserved)
      #expect(state.sequence?.value == wanted.found?.sequence)
      let items = state.items.map { reference.items.number(of: $0) }.sorted()
      #expect(items == wanted.found?.content ?? [], "\(at) known \(known ?? -1)")
    }
    for round in 0..<12 {
      let known = round > 1 ? random.pick(reference.recordedTimes) : nil
      let from = round > 0 ? baseTime.seconds + Int64(random.below(40_000)) : 0
      let to = from + (round > 0 ? Int64(random.below(5000)) : 1 << 32)
      let changes = try store.history(
        of: name.node, type: name.type, from: Instant(seconds: from), to: Instant(seconds: to),
        knownAt: known.map { Instant(milliseconds: $0) })
      let wanted = reference.changes(name, from: from, to: to, knownAt: known)
      #expect(changes.count == wanted.count)
      // Names are unique here, so each group is one change.
      let found = changes.map { change in
        [Int(change.validTime.seconds), Int(change.sequence.value)]
          + [change.old, change.new].map { item in
            item.map { reference.items.number(of: $0) } ?? -1
          }
      }
      let named = wanted.map { group in
        [Int(group.valid), Int(group.sequence), group.old.first ?? -1, group.new.first ?? -1]
      }
      #expect(Set(found) == Set(named), "from \(from) to \(to) known \(known ?? -1)")
    }
  }
}
