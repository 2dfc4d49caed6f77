import CrashSupport
import Foundation
import HistoryStore
import Inventory
import Testing

/// A writer in a process of its own is killed; what it acknowledged must be there afterwards.
@Suite(.serialized) struct CrashTests {
  @Test func `a writer killed at any moment loses nothing that it acknowledged`() throws {
    let seed = testSeed("killed at any moment")
    var random = SplitMix64(seed: seed)
    var kills = 0
    var acknowledgedCount = 0
    for round in 0..<longForm(8, 60) {
      var history = StoreHistory(folder: try ScratchFolder(), seed: seed &+ UInt64(round))
      for kill in 0..<25 {
        let mode = ["sync", "async", "one"].randomElement(using: &random) ?? "sync"
        let child = try history.child(count: 400, mode)
        var lines: [String] = []
        if Bool.random(using: &random) {
          let wanted = Int.random(in: 0...12, using: &random)
          while lines.count <= wanted, let line = child.line() { lines.append(line) }
        } else {
          usleep(UInt32.random(in: 0...40_000, using: &random))
        }
        child.kill()
        let end = child.end(after: lines)
        #expect(end.wasKilled, "\(end.lines.last ?? ""), seed \(seed)")
        kills += 1
        acknowledgedCount += end.numbers("ACK").count
        try history.check(end, verifies: kill % 8 == 7)
      }
      try history.checkAll()
    }
    print("\(kills) kills, \(acknowledgedCount) reports acknowledged")
  }

  @Test(arguments: ["CRASH_BEFORE_CALL", "CRASH_IN_CALL", "CRASH_AFTER_CALL"])
  func `a writer killed at each write and flush of its commits leaves a whole store`(
    _ variable: String
  ) throws {
    var kills = 0
    for start in 0..<2 {
      var history = StoreHistory(folder: try ScratchFolder(), seed: 11)
      // The second store has free pages to use again; the first grows.
      if start == 1 { try history.write(30) }
      var call = 1
      while true {
        let child = try history.child(count: 6, "sync", [variable: "\(call)"])
        let end = child.end()
        try history.check(end, verifies: call % 3 == 0)
        guard end.wasKilled else { break }
        kills += 1
        call += 1
      }
      try history.checkAll()
    }
    #expect(kills > 20)
    print("\(kills) kills by \(variable)")
  }

  @Test(arguments: ["CRASH_AT_TICK", "CRASH_AFTER_COMMIT"])
  func `a writer killed within a transaction or just behind its commit leaves a whole store`(
    _ variable: String
  ) throws {
    var history = StoreHistory(folder: try ScratchFolder(), seed: 12)
    for count in 1...longForm(20, 45) {
      let end = try history.child(count: 100, "sync", [variable: "\(count)"]).end()
      #expect(end.wasKilled)
      let before = history.next
      try history.check(end, verifies: count % 5 == 0)
      if variable == "CRASH_AFTER_COMMIT" {
        // The commit that was not acknowledged had returned: it is there all the same.
        #expect(history.stored.filter { $0 >= before }.count > end.numbers("ACK").count)
      }
    }
    try history.checkAll()
  }

  @Test(arguments: [("FAIL_CALL", "diskFull"), ("SHORT_CALL", "system")])
  func `a write that the disk refuses is refused whole, and the next one does`(
    _ variable: String, _ code: String
  ) throws {
    var history = StoreHistory(folder: try ScratchFolder(), seed: 13)
    var refused = 0
    var reopened = 0
    for call in 1...longForm(40, 80) {
      let end = try history.child(count: 6, "sync", [variable: "\(call)"]).end()
      try history.check(end, verifies: call % 4 == 0)
      guard let first = end.lines.first(where: { $0.hasPrefix("REFUSED") }) else { continue }
      refused += 1
      #expect(first == "REFUSED \(code)", "\(variable) \(call)")
      guard end.status != 0 else { continue }
      // It was the write of the page that names the new state: LMDB gives up until it is reopened.
      reopened += 1
      #expect(end.value("ERROR")?.contains("open the store again") == true)
    }
    try history.checkAll()
    #expect(refused > 20)
    #expect(reopened < refused / 3)
    print("\(refused) calls refused by \(variable), \(reopened) needed reopening")
  }
}

/// A store that processes write to and die, and what each report of it is known to be.
private struct StoreHistory {
  let folder: ScratchFolder
  let seed: UInt64
  /// The first number that nobody has tried to write.
  var next = 0
  /// The numbers that are there.
  var stored: Set<Int> = []

  init(folder: ScratchFolder, seed: UInt64) {
    self.folder = folder
    self.seed = seed
  }

  func child(
    count: Int, _ mode: String, _ variables: [String: String] = [:]
  ) throws -> ChildProcess {
    try ChildProcess(
      ["write", folder.path, "\(seed)", "\(next)", "\(count)", mode], variables)
  }

  /// Writes reports and lets the writer end by itself.
  mutating func write(_ count: Int) throws {
    let end = try child(count: count, "one").end()
    #expect(end.status == 0)
    try check(end, verifies: true)
    #expect(end.numbers("ACK").count == count)
  }

  /// Opens the store after a writer's end and checks what that may have left.
  mutating func check(_ end: ChildProcess.End, verifies: Bool) throws {
    let acknowledged = Set(end.numbers("ACK"))
    let store = try HistoryStore(path: folder.path)
    // At most 16 reports are under way beside those acknowledged.
    let upper = max(acknowledged.max() ?? 0, next) + 20
    var newest = next
    for number in next..<upper {
      let isThere = try isStored(NumberedReport(number: number, seed: seed), in: store)
      #expect(isThere || !acknowledged.contains(number), "report \(number) lost, seed \(seed)")
      guard isThere else { continue }
      stored.insert(number)
      newest = number + 1
    }
    next = newest
    // Writing goes on.
    let own = NumberedReport(number: next, seed: seed)
    _ = try store.record([try own.report()])[0].get()
    stored.insert(next)
    next += 1
    if verifies { #expect(try store.verify().problems == [], "seed \(seed)") }
  }

  /// Checks every report there ever was.
  func checkAll() throws {
    let store = try HistoryStore(path: folder.path)
    for number in 0..<next {
      let isThere = try isStored(NumberedReport(number: number, seed: seed), in: store)
      #expect(isThere == stored.contains(number), "report \(number), seed \(seed)")
    }
    #expect(try store.verify().problems == [], "seed \(seed)")
  }
}
