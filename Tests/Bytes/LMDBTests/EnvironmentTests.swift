import Foundation
import LMDB
import Synchronization
import Testing

struct EnvironmentTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  @Test func `a file is open once in a process, whatever its path`() throws {
    let path = directory.path("data")
    try FileManager.default.createSymbolicLink(
      atPath: directory.path("link"), withDestinationPath: path)
    do {
      let first = try openStore(path)
      #expect(throws: LMDBError.alreadyOpen) { try Environment(path: path, options: .init()) }
      #expect(throws: LMDBError.alreadyOpen) {
        try Environment(path: directory.path("link"), options: .init())
      }
      withExtendedLifetime(first) {}
    }
    _ = try openStore(path)
  }

  @Test func `a transaction keeps its environment open`() throws {
    let path = directory.path("data")
    func begin() throws -> ReadTransaction {
      let (environment, _) = try openStore(path)
      return try environment.beginRead()
    }
    do {
      let reader = try begin()
      #expect(throws: LMDBError.alreadyOpen) { try Environment(path: path, options: .init()) }
      _ = reader.id
    }
    _ = try Environment(path: path, options: .init())
  }

  @Test func `opening a missing file for reading gives noSuchFile and creates nothing`() throws {
    var options = Environment.Options()
    options.isReadOnly = true
    #expect(throws: LMDBError.noSuchFile) {
      try Environment(path: directory.path("missing"), options: options)
    }
    #expect(throws: LMDBError.noSuchFile) {
      try Environment(path: directory.path("no/such/directory"), options: .init())
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
  }

  @Test func `a read-only environment reads and does not write`() throws {
    let path = directory.path("data")
    do {
      let (environment, database) = try openStore(path)
      try store([(numberKey(1), [1])], in: database, of: environment)
    }
    var options = Environment.Options()
    options.isReadOnly = true
    let environment = try Environment(path: path, options: options)
    #expect(environment.isReadOnly)
    let reader = try environment.beginRead()
    let database = try #require(try reader.openDatabase(named: "items"))
    #expect(try value(of: numberKey(1), in: database, reader.view) == [1])
    #expect(throws: LMDBError.permissionDenied) {
      let transaction = try environment.beginWrite()
      try transaction.commit()
    }
  }

  @Test func `a file of something else gives invalid and is left alone`() throws {
    let path = directory.path("data")
    let content = Data(repeating: 7, count: 10_000)
    try content.write(to: URL(fileURLWithPath: path))
    #expect(throws: LMDBError.invalid) { try Environment(path: path, options: .init()) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
  }

  @Test func `data is there after reopening`() throws {
    let path = directory.path("data")
    do {
      let (environment, database) = try openStore(path, syncs: false)
      try store((0..<1000).map { (numberKey($0), [1]) }, in: database, of: environment)
      try environment.sync()
    }
    let (environment, database) = try openStore(path)
    let reader = try environment.beginRead()
    #expect(try reader.view.statistics(of: database).entries == 1000)
  }

  @Test(arguments: [false, true])
  func `a copy reopens equal`(compacting: Bool) throws {
    let (environment, database) = try openStore(directory.path("data"))
    var generator = SeededGenerator(seed: 5)
    let all = (0..<2000).map { (numberKey($0), generator.bytes(count: 0...300)) }
    try store(all, in: database, of: environment)
    var transaction = try environment.beginWrite()
    for number in 0..<1500 {
      let key = numberKey(number)
      _ = try transaction.delete(key.span.bytes, in: database)
    }
    try transaction.commit()

    let path = directory.path("copy")
    try environment.copy(to: path, compacting: compacting)
    #expect(throws: LMDBError.fileExists) {
      try environment.copy(to: path, compacting: compacting)
    }
    let (copy, copyDatabase) = try openStore(path)
    let original = try committedEntries(of: database, in: environment)
    #expect(original.count == 500)
    #expect(isSame(try committedEntries(of: copyDatabase, in: copy), original))
    let pages = (copy.information.lastPageNumber, environment.information.lastPageNumber)
    #expect(compacting ? pages.0 < pages.1 : pages.0 <= pages.1)
  }

  @Test func `information tells the sizes`() throws {
    let (environment, _) = try openStore(directory.path("data"), mapSize: 1 << 20)
    let information = environment.information
    #expect(information.mapSize == 1 << 20)
    #expect(information.maxReaders == 510)
    #expect(information.lastTransactionID == 1)
    #expect(try environment.clearStaleReaders() == 0)
  }

  @Test func `errors describe themselves`() {
    #expect(LMDBError.mapFull.description.contains("MDB_MAP_FULL"))
    #expect(LMDBError.noSpace.description == "No space left on device")
    #expect(LMDBError.alreadyOpen.description == "The file is already open in this process")
  }
}
