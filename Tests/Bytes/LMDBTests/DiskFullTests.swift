import Foundation
import Glibc
import LMDB
import Testing

/// A small file system in memory, which lives as long as the value.
private final class SmallFileSystem {
  let path: String

  init?(directory: TemporaryDirectory, byteCount: Int) {
    path = directory.path("small")
    guard mkdir(path, 0o700) == 0,
      mount("tmpfs", path, "tmpfs", 0, "size=\(byteCount)") == 0
    else { return nil }
  }

  deinit {
    umount2(path, Int32(MNT_DETACH))
  }
}

/// Mounting takes a privilege that not everyone who runs the tests has.
private let canMount: Bool = {
  guard let directory = try? TemporaryDirectory() else { return false }
  return SmallFileSystem(directory: directory, byteCount: 1 << 20) != nil
}()

struct DiskFullTests {
  @Test(.enabled(if: canMount))
  func `a full disk loses nothing, and writing goes on when there is room`() throws {
    let directory = try TemporaryDirectory()
    let fileSystem = try #require(SmallFileSystem(directory: directory, byteCount: 4 << 20))
    let ballast = fileSystem.path + "/ballast"
    try Data(count: 1 << 20).write(to: URL(fileURLWithPath: ballast))
    let path = fileSystem.path + "/data"
    var committed: [(key: [UInt8], value: [UInt8])] = []
    do {
      let (environment, database) = try openStore(path, syncs: true)
      var number = 0
      func storeUntilFull() throws -> LMDBError? {
        while number < 4000 {
          let batch = (number..<number + 50).map {
            (numberKey($0), [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1500))
          }
          do {
            try store(batch, in: database, of: environment)
          } catch let error as LMDBError {
            return error
          }
          committed += batch
          number += 50
        }
        return nil
      }

      let first = try #require(try storeUntilFull())
      #expect([.noSpace, .ioError].contains(first))
      #expect(isSame(try committedEntries(of: database, in: environment), committed))
      // It stays full, and says so again rather than giving up.
      let second = try #require(try storeUntilFull())
      #expect([.noSpace, .ioError].contains(second))
      #expect(isSame(try committedEntries(of: database, in: environment), committed))

      let countBefore = committed.count
      try FileManager.default.removeItem(atPath: ballast)
      // The file system may take a moment to give the room back.
      for _ in 0..<50 where committed.count == countBefore {
        _ = try storeUntilFull()
        if committed.count == countBefore { usleep(20_000) }
      }
      #expect(committed.count > countBefore)
      #expect(isSame(try committedEntries(of: database, in: environment), committed))
    }
    let (environment, database) = try openStore(path)
    let reader = try environment.beginRead()
    #expect(isSame(try entries(of: database, reader.view), committed))
  }
}
