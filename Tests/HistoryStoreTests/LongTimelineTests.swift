import Inventory
import Testing

@testable import HistoryStore

/// Timelines that span many chunks and keyframes.
@Suite struct LongTimelineTests {
  private static let packages = (0..<340).map { "package-\($0)" }

  private func item(_ number: Int, version: Int) -> Item {
    [
      "Name": Self.packages[number], "Version": "\(version)", "Architecture": "amd64",
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
    var versions = [Int: Int](uniqueKeysWithValues: (0..<300).map { ($0, 0) })
    // Drawn first: each is the time of a report in a row, or of a late one between them.
    var times = (0..<400).map { Int64($0) * 100 }
    times += (0..<200).map { _ in Int64(random.below(41_000)) - 500 }
    var batch: [Report] = []
    var expected: [Receipt?] = []
    for (number, time) in times.enumerated() {
      for _ in 0..<(1 + random.below(6)) {
        let package = random.below(Self.packages.count)
        versions[package] = random.chance(15) ? nil : random.below(1000)
      }
      let content = versions.sorted { $0.key < $1.key }.map { item($0.key, version: $0.value) }
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
    #expect(rows["timeline"]?.count ?? 0 > 30)
    #expect(rows["keyframes"]?.count ?? 0 > 3)
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
      let found = changes.map {
        "\($0.validTime.seconds) \($0.sequence) \($0.old.map { "\($0)" } ?? "") "
          + ($0.new.map { "\($0)" } ?? "")
      }
      let named = wanted.map { group in
        "\(group.valid) \(group.sequence) "
          + (group.old.first.map { "\(reference.items[$0])" } ?? "") + " "
          + (group.new.first.map { "\(reference.items[$0])" } ?? "")
      }
      #expect(found.sorted() == named.sorted(), "from \(from) to \(to) known \(known ?? -1)")
    }
  }
}
