import Foundation
import Glibc
import LMDB
import Testing

/// Files that end too early, and copies that are broken off.
struct DataFileTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private static let pageByteCount = 4096

  /// Makes a data file with branch pages, values in pages of their own, and free pages.
  private func makeFile(_ path: String) throws -> Data {
    do {
      let (environment, database) = try openStore(path)
      var generator = SeededGenerator(seed: 11)
      for round in 0..<6 {
        let entries = (0..<60).map { number in
          (numberKey(round * 37 + number), generator.bytes(count: 0...4000))
        }
        try store(entries, in: database, of: environment)
      }
      var transaction = try environment.beginWrite()
      for number in 30..<120 {
        let key = numberKey(number)
        _ = try transaction.delete(key.span.bytes, in: database)
      }
      try transaction.commit()
      try environment.sync()
    }
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  /// Reads every entry; a page that is not there would be a signal.
  private func byteCount(_ path: String) throws -> Int {
    var options = Environment.Options()
    options.isReadOnly = true
    let environment = try Environment(path: path, options: options)
    let reader = try environment.beginRead()
    guard let database = try reader.openDatabase(named: "items") else { return 0 }
    var count = 0
    var cursor = try reader.view.cursor(in: database)
    while try cursor.next() { count += cursor.value.byteCount }
    return count
  }

  @Test func `a flipped bit in a size of pages is refused`() throws {
    let path = directory.path("data")
    let whole = try makeFile(path)
    for place in [40, Self.pageByteCount + 40] {
      for bit in 0..<32 {
        var bytes = whole
        bytes[place + bit / 8] ^= 1 << UInt8(bit % 8)
        let copy = directory.path("flipped")
        try bytes.write(to: URL(fileURLWithPath: copy))
        #expect(throws: LMDBError.self, "byte \(place), bit \(bit)") { try byteCount(copy) }
      }
    }
  }

  @Test func `a file that is cut at any page is refused, or holds all that is in use`() throws {
    let path = directory.path("data")
    let whole = try makeFile(path)
    let pages = whole.count / Self.pageByteCount
    #expect(pages > 100)
    let expected = try byteCount(path)
    var refused = 0
    for page in 1..<pages {
      for extra in [0, 100, Self.pageByteCount - 1] {
        let copy = directory.path("cut")
        try whole.prefix(page * Self.pageByteCount + extra).write(to: URL(fileURLWithPath: copy))
        let place = "\(page) of \(pages) pages and \(extra) bytes"
        do {
          #expect(try byteCount(copy) == expected, "\(place)")
        } catch let error as LMDBError {
          #expect(error == .cutOff, "\(place): \(error)")
          // A writer changes nothing of it.
          #expect(throws: LMDBError.cutOff) { try Environment(path: copy, options: .init()) }
          #expect(try Data(contentsOf: URL(fileURLWithPath: copy)).count % 4096 == extra)
          refused += 1
        }
      }
    }
    print("\(refused) of \(3 * (pages - 1)) cuts of \(pages) pages refused")
    #expect(refused > pages)
  }

  @Test(arguments: [1, 100, 151])
  func `a file without a whole meta page is none`(_ count: Int) throws {
    let path = directory.path("data")
    let whole = try makeFile(path)
    try whole.prefix(count).write(to: URL(fileURLWithPath: path))
    #expect(throws: LMDBError.invalid) { try byteCount(path) }
  }

  @Test func `pages that were taken and given back unwritten are not missed`() throws {
    let path = directory.path("data")
    let size: Int
    let lastPage: Int
    do {
      let (environment, database) = try openStore(path)
      // Pages of a transaction's own go back unwritten once it has read the list of free ones.
      for _ in 0..<6 { try store([(numberKey(1), [1])], in: database, of: environment) }
      var transaction = try environment.beginWrite()
      let value = [UInt8](repeating: 7, count: 20 * Self.pageByteCount)
      let key = numberKey(2)
      try transaction.put(value.span.bytes, for: key.span.bytes, in: database)
      #expect(try transaction.delete(key.span.bytes, in: database))
      let other = numberKey(3)
      let small: [UInt8] = [3]
      try transaction.put(small.span.bytes, for: other.span.bytes, in: database)
      try transaction.commit()
      try environment.sync()
      lastPage = environment.information.lastPageNumber
      size = try Data(contentsOf: URL(fileURLWithPath: path)).count
    }
    // The file is shorter than the meta page says, and nothing is missing.
    try #require(size < (lastPage + 1) * Self.pageByteCount)
    #expect(try byteCount(path) == 2)
    // What is in use still must be there: a page each for the tables, the table, and the free pages.
    try Data(contentsOf: URL(fileURLWithPath: path)).prefix(3 * Self.pageByteCount)
      .write(to: URL(fileURLWithPath: path))
    #expect(throws: LMDBError.cutOff) { try byteCount(path) }
  }

  @Test func `a copy that was broken off is taken over, and never has the name`() throws {
    let (environment, database) = try openStore(directory.path("data"))
    try store([(numberKey(1), [1])], in: database, of: environment)
    let path = directory.path("copy")
    let part = URL(fileURLWithPath: path + ".part")
    try Data(repeating: 9, count: 1 << 20).write(to: part)
    try environment.copy(to: path, compacting: true)
    #expect(try byteCount(path) == 1)
    #expect(!FileManager.default.fileExists(atPath: part.path))

    let second = directory.path("second")
    let other = open(second + ".part", O_WRONLY | O_CREAT, 0o600)
    defer { close(other) }
    try #require(flock(other, LOCK_EX | LOCK_NB) == 0)
    #expect(throws: LMDBError.fileExists) { try environment.copy(to: second, compacting: true) }
    #expect(!FileManager.default.fileExists(atPath: second))
    #expect(throws: LMDBError.noSuchFile) {
      try environment.copy(to: directory.path("no/folder"), compacting: true)
    }
  }
}
