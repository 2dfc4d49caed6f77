import CrashSupport
import Foundation
import Glibc
import Inventory
import LMDB
import PackedBytes
import Testing

@testable import HistoryStore

/// Files that are no store, or no longer what was written.
///
/// Whatever may stop a process is looked at in one of its own.
@Suite(.serialized) struct DamageTests {
  private func store(_ folder: ScratchFolder, reports: Int, seed: UInt64) throws {
    let store = try HistoryStore(path: folder.path)
    for start in stride(from: 0, to: reports, by: 20) {
      let batch = try (start..<min(start + 20, reports)).map {
        try NumberedReport(number: $0, seed: seed).report()
      }
      for result in try store.record(batch) { _ = try result.get() }
    }
  }

  private func file(_ folder: ScratchFolder) -> URL {
    URL(fileURLWithPath: folder.path + "/stocktake.lmdb")
  }

  @Test func `numbers of identities are those of a rebuild when types change side by side`() throws
  {
    // One type only gains items while another, behind it in the report, has one replaced.
    let folder = try ScratchFolder()
    let store = try HistoryStore(path: folder.path)
    func report(_ applications: [Item], _ service: String, _ second: Int64) throws -> Report {
      let time = Instant(seconds: 1_700_000_000 + second)
      return Report(
        node: try NodeID("i-1"),
        entries: [
          .init(type: .application, captureTime: time, content: applications),
          .init(
            type: try TypeName("AWS:Service"), captureTime: time, content: [["Name": service]]),
        ])
    }
    _ = try store.record([try report([["Name": "a"]], "x", 0)])[0].get()
    _ = try store.record([try report([["Name": "a"], ["Name": "b"]], "y", 1)])[0].get()
    #expect(try store.verify().problems == [])
  }

  @Test(arguments: ["meta", "seen"])
  func `a change in a table beside the log is found`(_ table: String) throws {
    let folder = try ScratchFolder()
    try store(folder, reports: 3, seed: 1)
    do {
      let environment = try Environment(path: file(folder).path, options: .init())
      var transaction = try environment.beginWrite()
      let database = try #require(try transaction.openDatabase(named: table, create: false))
      let (key, value) = try last(of: database, in: transaction.view)
      // The lowest bits of a recorded time: still a number, and a wrong answer.
      let changed = value.indices.map { $0 == value.count / 3 ? value[$0] ^ 1 : value[$0] }
      try transaction.put(changed.span.bytes, for: key.span.bytes, in: database)
      try transaction.commit()
    }
    let problems = try HistoryStore(path: folder.path).verify().problems
    #expect(problems == ["a row of table \(table) does not have its checksum"])
  }

  enum Damage: CaseIterable { case changed, removed, added }

  @Test(arguments: Damage.allCases)
  func `a row that is not as it was written is found without a replay`(_ damage: Damage) throws {
    let folder = try ScratchFolder()
    try store(folder, reports: 40, seed: 1)
    #expect(try HistoryStore(path: folder.path).verify(.rows).problems == [])
    for name in Tables.names where name != "meta" && name != "seen" {
      let copy = try ScratchFolder()
      try FileManager.default.copyItem(at: file(folder), to: file(copy))
      do {
        let environment = try Environment(path: file(copy).path, options: .init())
        var transaction = try environment.beginWrite()
        let database = try #require(try transaction.openDatabase(named: name, create: false))
        guard try transaction.view.statistics(of: database).entries > 0 else { continue }
        var (key, value) = try last(of: database, in: transaction.view)
        switch damage {
        case .changed: value[value.count / 2] ^= 1
        case .added: key[key.count - 1] ^= 1
        case .removed: break
        }
        if damage == .removed {
          #expect(try transaction.delete(key.span.bytes, in: database))
        } else {
          try transaction.put(value.span.bytes, for: key.span.bytes, in: database)
        }
        try transaction.commit()
      }
      let problems = (try? HistoryStore(path: copy.path).verify(.rows).problems) ?? ["unreadable"]
      #expect(!problems.isEmpty, "\(name)")
    }
  }

  /// Where the keys of branch pages stand in a file, but for each page's first, which has none.
  private func separators(in file: [UInt8]) -> [Range<Int>] {
    func number(_ offset: Int) -> Int { Int(file[offset]) | Int(file[offset + 1]) << 8 }
    let pageSize = 4096
    var found: [Range<Int>] = []
    // The layout of MDB_page and MDB_node of LMDB 0.9 on 64 bits; the first two pages are meta pages.
    for page in stride(from: 2 * pageSize, to: file.count, by: pageSize)
    where number(page + 10) == 1 {
      let count = (number(page + 12) - 16) / 2
      for index in 1..<max(1, count) {
        let node = page + number(page + 16 + 2 * index)
        found.append(node + 8..<node + 8 + number(node + 6))
      }
    }
    return found
  }

  private func hasLostRow(_ file: String) throws -> Bool {
    let environment = try Environment(path: file, options: .init())
    var transaction = try environment.beginWrite()
    for name in Tables.names {
      let table = try #require(try transaction.openDatabase(named: name, create: false))
      let view = transaction.view
      var cursor = try view.cursor(in: table)
      while try cursor.next() {
        if try view.value(for: cursor.key, in: table) == nil { return true }
      }
    }
    return false
  }

  @Test func `a row that its key does not lead to is found without a replay`() throws {
    let folder = try ScratchFolder()
    try store(folder, reports: 400, seed: 5)
    let compact = try ScratchFolder()
    try HistoryStore(path: folder.path).backup(to: file(compact).path)
    let whole = [UInt8](try Data(contentsOf: file(compact)))
    var lost = 0
    for separator in separators(in: whole) {
      // One less: it leads past the last row of the page before.
      guard let place = separator.last, whole[place] > 0 else { continue }
      var bytes = whole
      bytes[place] -= 1
      let copy = try ScratchFolder()
      try Data(bytes).write(to: file(copy))
      guard try hasLostRow(file(copy).path) else { continue }
      lost += 1
      let problems = (try? HistoryStore(path: copy.path).verify(.rows).problems) ?? ["unreadable"]
      #expect(!problems.isEmpty, "the separator at byte \(separator.lowerBound)")
    }
    #expect(lost > 0)
  }

  private func last(
    of database: Database, in view: TransactionView
  ) throws -> (key: [UInt8], value: [UInt8]) {
    var cursor = try view.cursor(in: database)
    try #require(try cursor.last())
    return ([UInt8](copying: cursor.key), [UInt8](copying: cursor.value))
  }

  @Test func `a directory is opened once in a process`() throws {
    let folder = try ScratchFolder()
    let first = try HistoryStore(path: folder.path)
    #expect(throwsCode(.alreadyOpen) { _ = try HistoryStore(path: folder.path) })
    #expect(throwsCode(.alreadyOpen) { _ = try readOnly(folder.path + "/.") })
    _ = try first.record([try NumberedReport(number: 1, seed: 1).report()])[0].get()
  }

  @Test func `a newer format is named and left alone`() throws {
    let folder = try ScratchFolder()
    try store(folder, reports: 3, seed: 1)
    do {
      let environment = try Environment(path: file(folder).path, options: .init())
      var transaction = try environment.beginWrite()
      let meta = try #require(try transaction.openDatabase(named: "meta", create: false))
      var row = MetaRow(id: nil)
      row.format = MetaRow.formatVersion + 1
      // A newer format may have anything behind its number.
      let bytes = Array(row.encoded()[..<1] + [0xff, 0xff])
      let key = MetaRow.key
      try transaction.put(bytes.span.bytes, for: key.span.bytes, in: meta)
      try transaction.commit()
    }
    let before = try Data(contentsOf: file(folder))
    #expect(throwsCode(.newerFormat) { _ = try HistoryStore(path: folder.path) })
    #expect(throwsCode(.newerFormat) { _ = try readOnly(folder.path) })
    #expect(try Data(contentsOf: file(folder)) == before)
  }

  @Test func `another program's LMDB file is refused and left alone`() throws {
    let folder = try ScratchFolder()
    do {
      let environment = try Environment(path: file(folder).path, options: .init())
      var transaction = try environment.beginWrite()
      let other = try #require(try transaction.openDatabase(named: "addresses", create: true))
      let bytes: [UInt8] = [1, 2, 3]
      try transaction.put(bytes.span.bytes, for: bytes.span.bytes, in: other)
      try transaction.commit()
    }
    let before = try Data(contentsOf: file(folder))
    #expect(throwsCode(.notAStore) { _ = try HistoryStore(path: folder.path) })
    #expect(throwsCode(.notAStore) { _ = try readOnly(folder.path) })
    #expect(try Data(contentsOf: file(folder)) == before)
  }

  @Test(arguments: [1, 10, 100, 4095, 4096, 8192, 65536])
  func `a file of random bytes is no store`(_ count: Int) throws {
    var random = SplitMix64(seed: UInt64(count))
    let folder = try ScratchFolder()
    let bytes = Data((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
    try bytes.write(to: file(folder))
    #expect(throwsCode(.notAStore) { _ = try readOnly(folder.path) })
    #expect(throwsCode(.notAStore) { _ = try HistoryStore(path: folder.path) })
    #expect(try Data(contentsOf: file(folder)) == bytes)
  }

  @Test func `an empty file is no store to a reader, and a new one to a writer`() throws {
    // A writer that died while it made its store leaves one, so it has to be taken.
    let folder = try ScratchFolder()
    try Data().write(to: file(folder))
    #expect(throwsCode(.notFound) { _ = try readOnly(folder.path) })
    let store = try HistoryStore(path: folder.path)
    #expect(try store.nodes().isEmpty)
    #expect(try store.verify().problems == [])
  }

  @Test func `a file that is cut at any page is refused, and so is such a backup`() throws {
    let folder = try ScratchFolder()
    try store(folder, reports: 120, seed: 2)
    let backup = try ScratchFolder()
    try HistoryStore(path: folder.path).backup(to: file(backup).path)
    let sound = try ChildProcess.run(["check", folder.path])
    for (source, isBackup) in [(file(folder), false), (file(backup), true)] {
      let whole = try Data(contentsOf: source)
      let pages = whole.count / 4096
      var isWhole = 0
      for page in 1..<pages {
        let copy = try ScratchFolder()
        try whole.prefix(4096 * page + page % 4096).write(to: file(copy))
        let target = try ScratchFolder()
        do {
          if isBackup {
            try HistoryStore.restore(from: file(copy).path, to: target.path + "/store")
          } else {
            _ = try HistoryStore(path: copy.path)
          }
          // What is cut off was free; then nothing is missing.
          let end = try ChildProcess.run(["check", isBackup ? target.path + "/store" : copy.path])
          #expect(end.value("ANSWERS") == sound.value("ANSWERS"), "\(page) of \(pages)")
          isWhole += 1
        } catch let error as StoreError {
          #expect(error.code == .damaged, "\(page) of \(pages): \(error)")
          #expect(error.message.contains("the file is cut off: it has "))
          #expect(!FileManager.default.fileExists(atPath: target.path + "/store"))
        }
      }
      print("\(pages - 1) cuts, \(isWhole) of them of free pages")
      #expect(isWhole < pages / 4)
    }
  }

  @Test func `a flipped bit is reported, or changes nothing`() throws {
    let seed = testSeed("flips")
    var random = SplitMix64(seed: seed)
    let folder = try ScratchFolder()
    try store(folder, reports: 60, seed: seed)
    // A compacted copy has no free pages, in which a flip says nothing.
    let compact = try ScratchFolder()
    try HistoryStore(path: folder.path).backup(to: file(compact).path)
    let whole = try Data(contentsOf: file(compact))
    let sound = try ChildProcess.run(["check", compact.path])
    #expect(sound.status == 0)
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_FLIPS"].flatMap { Int($0) }
    let flips = given ?? longForm(150, 5000)
    var reported = 0
    var crashed = 0
    var harmless = 0
    for _ in 0..<flips {
      let place = Int.random(in: 0..<whole.count, using: &random)
      let bit = UInt8(1) << UInt8.random(in: 0...7, using: &random)
      let copy = try ScratchFolder()
      var bytes = whole
      bytes[place] ^= bit
      try bytes.write(to: file(copy))
      let end = try ChildProcess.run(["check", copy.path])
      if end.wasKilled {
        crashed += 1
      } else if end.status != 0 {
        reported += 1
      } else {
        harmless += 1
        let isSame = ["ANSWERS", "ROWS"].allSatisfy { end.value($0) == sound.value($0) }
        #expect(
          isSame,
          "byte \(place) (page \(place / 4096), \(place % 4096)), bit \(bit), seed \(seed)")
      }
    }
    print(
      "\(flips) flips: \(reported) reported, \(crashed) stopped the child, \(harmless) harmless")
    #expect(reported + crashed > 0)
  }
}
