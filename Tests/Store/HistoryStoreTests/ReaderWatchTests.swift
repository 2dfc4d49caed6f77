import CrashSupport
import Foundation
import Glibc
import Inventory
import LMDB
import Synchronization
import Testing

@testable import HistoryStore

/// Readers of other processes that died, were stopped, or are too many.
@Suite(.serialized) struct ReaderWatchTests {
  private let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    _ = try HistoryStore(path: folder.path)
  }

  /// A child that reads the state as it is, a number of times.
  private func reader(_ count: Int = 1) throws -> ChildProcess {
    let child = try ChildProcess(["hold", folder.path, "\(count)"])
    try #require(child.line() == "READING")
    return child
  }

  private func killed(_ count: Int = 1) throws {
    let child = try reader(count)
    child.kill()
    _ = child.end()
  }

  private func write(_ store: HistoryStore, _ numbers: Range<Int>) throws {
    for number in numbers {
      let report = try NumberedReport(number: number, seed: 51).report()
      _ = try store.record([report])[0].get()
    }
  }

  @Test func `places of dead readers are freed when a store is opened, by whoever opens it`() throws
  {
    // Nobody else has it open then: LMDB makes a new table. So one more has.
    let other = try reader()
    try killed(3)
    let store = try readOnly(folder.path)
    #expect(try store.environment.readers().count == 1)
    try killed(2)
    #expect(try store.clearDeadReaders() == 2)
    #expect(try store.clearDeadReaders() == 0)
    other.kill()
  }

  @Test func `a table full of dead readers is cleared, and one full of living ones is explained`()
    throws
  {
    let store = try HistoryStore(path: folder.path)
    let places = store.environment.information.maxReaders
    #expect(places == 510)
    try killed(places)
    try write(store, 0..<1)
    #expect(try isStored(NumberedReport(number: 0, seed: 51), in: store))

    let child = try reader(places)
    do {
      _ = try store.nodes()
      Issue.record("a place was found")
    } catch {
      #expect(error.code == .readersFull)
      #expect(error.message.contains("all 510 places for readers are taken"))
      #expect(error.message.contains("(crash-writer) has 510"))
    }
    // Writing takes no place.
    try write(store, 1..<2)
    child.kill()
    _ = child.end()
    #expect(try isStored(NumberedReport(number: 1, seed: 51), in: store))
  }

  @Test func `what a dead reader keeps is used before the map grows`() throws {
    func isFull(afterReader: Bool) throws -> Bool {
      let own = try ScratchFolder()
      var configuration = HistoryStore.Configuration()
      configuration.mapSize = 3 << 20
      configuration.mapSizeMax = 3 << 20
      let store = try HistoryStore(path: own.path, configuration: configuration)
      if afterReader {
        let child = try ChildProcess(["hold", own.path, "1"])
        try #require(child.line() == "READING")
        child.kill()
        _ = child.end()
      }
      do {
        for number in 0..<120 {
          let report = try NumberedReport(number: number % 3, seed: 52).report()
          _ = try store.record([report])[0].get()
          try store.setControlRow(Array("a".utf8), to: [UInt8](repeating: 1, count: 20_000))
        }
        return false
      } catch let error as StoreError where error.code == .mapFull { return true }
    }
    #expect(try isFull(afterReader: false) == false)
    #expect(try isFull(afterReader: true) == false)
  }

  @Test func `a reader that hangs is told of by its name, once, with what it keeps`() throws {
    let clock = Mutex<Int64>(1000)
    let store = try HistoryStore(path: folder.path)
    let watch = ReaderWatch(store, secondsMax: 300) { clock.withLock { $0 } }
    try write(store, 0..<3)
    let child = try reader()
    #expect(try watch.look().oldest == nil)
    #expect(try watch.look().readerCount == 1)
    try write(store, 3..<8)
    let first = try #require(try watch.look().oldest)
    #expect(first.ageSeconds == 0)
    #expect(first.transactionsBehind == 5)
    #expect(first.pinnedByteCount >= 5 * 4096)
    #expect(first.process.program == "crash-writer")
    #expect(first.process.isStopped == false)

    Glibc.kill(pid_t(first.process.id), SIGSTOP)
    for _ in 0..<10_000 where !ProcessName(first.process.id).isStopped { usleep(1000) }
    clock.withLock { $0 += 299 }
    let early = try watch.look()
    #expect(early.overdue.isEmpty)
    #expect(early.oldest?.ageSeconds == 299)
    clock.withLock { $0 += 1 }
    let late = try watch.look()
    #expect(late.overdue.map(\.process.id) == [first.process.id])
    #expect(late.overdue.first?.process.isStopped == true)
    #expect(late.overdue.first?.process.description.hasSuffix("(crash-writer, stopped)") == true)
    #expect(late.clearedCount == 0)
    #expect(try watch.look().overdue.isEmpty)

    child.kill()
    _ = child.end()
    let end = try watch.look()
    #expect(end.clearedCount == 1)
    #expect(end.readerCount == 0)
    #expect(end.oldest == nil)
  }
}
