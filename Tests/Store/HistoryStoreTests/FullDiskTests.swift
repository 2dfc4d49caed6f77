import CrashSupport
import Foundation
import Glibc
import Inventory
import LMDB
import Testing

@testable import HistoryStore

/// A small file system in memory, which lives as long as the value.
private final class SmallFileSystem {
  let path: String

  init?(in folder: ScratchFolder, byteCount: Int) {
    path = folder.path + "/small"
    guard mkdir(path, 0o700) == 0,
      mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0
    else { return nil }
  }

  func becomeReadOnly() -> Bool {
    // A process that another test starts holds our open files until it runs its own program.
    for _ in 0..<200 {
      if mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT) | UInt(MS_RDONLY), nil) == 0 { return true }
      guard errno == EBUSY else { return false }
      usleep(20_000)
    }
    return false
  }

  deinit { umount2(path, Int32(MNT_DETACH)) }
}

/// Mounting takes a privilege that not everyone who runs the tests has.
private let canMount: Bool = {
  guard let folder = try? ScratchFolder() else { return false }
  return SmallFileSystem(in: folder, byteCount: 1 << 20) != nil
}()

@Suite(.serialized) struct FullDiskTests {
  /// Writes reports from a number on until one is refused; answers the next number and the error.
  private func fill(
    _ store: HistoryStore, from first: Int, upTo limit: Int, seed: UInt64
  ) throws -> (next: Int, error: StoreError?) {
    var next = first
    while next < limit {
      let reports = try (next..<next + 5).map {
        try NumberedReport(number: $0, seed: seed).report()
      }
      do {
        for result in try store.record(reports) { _ = try result.get() }
      } catch let error as StoreError {
        return (next, error)
      }
      next += 5
    }
    return (next, nil)
  }

  private func expectStored(_ count: Int, in store: HistoryStore, seed: UInt64) throws {
    for number in 0..<count + 5 {
      let isThere = try isStored(NumberedReport(number: number, seed: seed), in: store)
      #expect(isThere == (number < count), "report \(number) of \(count)")
    }
  }

  @Test(.enabled(if: canMount, "mounting a small file system takes root"))
  func `a full disk is named, loses nothing, and writing goes on when there is room`() throws {
    let folder = try ScratchFolder()
    let disk = try #require(SmallFileSystem(in: folder, byteCount: 3 << 20))
    let ballast = disk.path + "/ballast"
    try Data(count: 2 << 20).write(to: URL(fileURLWithPath: ballast))
    var count = 0
    do {
      let store = try HistoryStore(path: disk.path + "/store")
      let first = try fill(store, from: 0, upTo: 4000, seed: 3)
      count = first.next
      #expect(first.error?.code == .diskFull, "\(String(describing: first.error))")
      try expectStored(count, in: store, seed: 3)
      // It stays full, and says so again rather than giving up.
      let second = try fill(store, from: count, upTo: 4000, seed: 3)
      #expect(second.error?.code == .diskFull, "\(String(describing: second.error))")
      #expect(count > 20)
      try FileManager.default.removeItem(atPath: ballast)
      let third = try fill(store, from: second.next, upTo: second.next + 50, seed: 3)
      #expect(third.error == nil)
      count = third.next
      try expectStored(count, in: store, seed: 3)
    }
    let store = try HistoryStore(path: disk.path + "/store")
    try expectStored(count, in: store, seed: 3)
    let problems = try store.verify().problems
    #expect(problems == [])
  }

  @Test func `a full map is named, reading goes on, and a larger map takes more`() throws {
    let folder = try ScratchFolder()
    var configuration = HistoryStore.Configuration()
    configuration.mapSize = 1 << 18
    configuration.mapSizeMax = 1 << 20
    var count = 0
    do {
      let store = try HistoryStore(path: folder.path, configuration: configuration)
      let end = try fill(store, from: 0, upTo: 4000, seed: 4)
      count = end.next
      #expect(end.error?.code == .mapFull)
      // It has grown to its largest size before it refused.
      #expect(store.environment.information.mapSize == 1 << 20)
      try expectStored(count, in: store, seed: 4)
      #expect(try store.verify().problems == [])
      #expect(try fill(store, from: count, upTo: 4000, seed: 4).error?.code == .mapFull)
    }
    configuration.mapSizeMax = 1 << 24
    let store = try HistoryStore(path: folder.path, configuration: configuration)
    let more = try fill(store, from: count, upTo: count + 100, seed: 4)
    #expect(more.error == nil)
    try expectStored(more.next, in: store, seed: 4)
    #expect(try store.verify().problems == [])
  }

  @Test(.enabled(if: canMount, "mounting a small file system takes root"))
  func `a store on a read-only file system is read and not written`() throws {
    let folder = try ScratchFolder()
    let disk = try #require(SmallFileSystem(in: folder, byteCount: 4 << 20))
    let path = disk.path + "/store"
    do {
      let store = try HistoryStore(path: path)
      #expect(try fill(store, from: 0, upTo: 20, seed: 5).error == nil)
    }
    try #require(disk.becomeReadOnly())
    #expect(throwsCode(.readOnly) { _ = try HistoryStore(path: path) })
    #expect(throwsCode(.readOnly) { _ = try HistoryStore(path: disk.path + "/new") })
    var configuration = HistoryStore.Configuration()
    configuration.isReadOnly = true
    let store = try HistoryStore(path: path, configuration: configuration)
    try expectStored(20, in: store, seed: 5)
    #expect(try store.verify().problems == [])
    let report = try NumberedReport(number: 30, seed: 5).report()
    #expect(throwsCode(.readOnly) { _ = try store.record([report]) })
  }

  @Test func `a store opened for reading only takes no reports`() throws {
    let folder = try ScratchFolder()
    #expect(throwsCode(.notFound) { _ = try readOnly(folder.path) })
    do {
      let store = try HistoryStore(path: folder.path)
      #expect(try fill(store, from: 0, upTo: 10, seed: 6).error == nil)
    }
    let store = try readOnly(folder.path)
    let report = try NumberedReport(number: 30, seed: 6).report()
    #expect(throwsCode(.readOnly) { _ = try store.record([report]) })
    #expect(throwsCode(.readOnly) { _ = try store.rebuild() })
    try expectStored(10, in: store, seed: 6)
  }
}

/// Opens a store for reading.
func readOnly(_ path: String) throws -> HistoryStore {
  var configuration = HistoryStore.Configuration()
  configuration.isReadOnly = true
  return try HistoryStore(path: path, configuration: configuration)
}

/// Whether a step throws a store error of a code; says what it did else.
func throwsCode(_ code: StoreError.Code, _ body: () throws -> Void) -> Bool {
  do {
    try body()
    print("no error, \(code) expected")
    return false
  } catch let error as StoreError {
    if error.code != code { print("\(code) expected: \(error.code) \(error)") }
    return error.code == code
  } catch {
    print("\(code) expected: \(error)")
    return false
  }
}
