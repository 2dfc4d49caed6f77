import Foundation
import LMDB
import Testing

struct TransactionTests {
  let directory: TemporaryDirectory
  let environment: Environment
  let database: Database

  init() throws {
    directory = try TemporaryDirectory()
    (environment, database) = try openStore(directory.path("data"))
  }

  @Test func `a value is read back, replaced and deleted`() throws {
    let key = Array("key".utf8)
    try store([(key, [1, 2, 3])], in: database, of: environment)
    #expect(try committedValue(of: key, in: database, of: environment) == [1, 2, 3])
    try store([(key, [])], in: database, of: environment)
    #expect(try committedValue(of: key, in: database, of: environment) == [])
    var transaction = try environment.beginWrite()
    #expect(try transaction.delete(key.span.bytes, in: database))
    #expect(try !transaction.delete(key.span.bytes, in: database))
    #expect(try value(of: key, in: database, transaction.view) == nil)
    try transaction.commit()
    #expect(try committedValue(of: key, in: database, of: environment) == nil)
  }

  @Test func `a reader keeps its snapshot while the writer commits`() throws {
    let key = numberKey(1)
    try store([(key, [1])], in: database, of: environment)
    let reader = try environment.beginRead()
    // The next writes use other pages, and in the end those that the first version freed.
    for round in 2..<40 {
      try store([(key, [UInt8(round)])], in: database, of: environment)
    }
    #expect(try value(of: key, in: database, reader.view) == [1])
    let newReader = try environment.beginRead()
    #expect(try value(of: key, in: database, newReader.view) == [39])
    #expect(newReader.id == reader.id + 38)
  }

  @Test func `a dropped write transaction leaves nothing`() throws {
    try store([(numberKey(1), [1])], in: database, of: environment)
    func write() throws {
      var transaction = try environment.beginWrite()
      let key = numberKey(2)
      try transaction.put([2].span.bytes, for: key.span.bytes, in: database)
      try transaction.clear(database)
    }
    try write()
    let reader = try environment.beginRead()
    #expect(isSame(try entries(of: database, reader.view), [(numberKey(1), [1])]))
  }

  @Test func `appending out of order gives keyExists and spoils nothing`() throws {
    var transaction = try environment.beginWrite()
    let value: [UInt8] = [7]
    for number in [1, 5] {
      let key = numberKey(number)
      try transaction.append(value.span.bytes, for: key.span.bytes, in: database)
    }
    for number in [5, 3] {
      let key = numberKey(number)
      #expect(throws: LMDBError.keyExists) {
        try transaction.append(value.span.bytes, for: key.span.bytes, in: database)
      }
    }
    try transaction.commit()
    let reader = try environment.beginRead()
    #expect(try reader.view.statistics(of: database).entries == 2)
  }

  @Test func `a key that is empty or too long gives badValueSize`() throws {
    var transaction = try environment.beginWrite()
    let value: [UInt8] = [7]
    for count in [0, 512] {
      let key = [UInt8](repeating: 1, count: count)
      #expect(throws: LMDBError.badValueSize) {
        try transaction.put(value.span.bytes, for: key.span.bytes, in: database)
      }
    }
    let longest = [UInt8](repeating: 1, count: 511)
    try transaction.put(value.span.bytes, for: longest.span.bytes, in: database)
    try transaction.commit()
  }

  @Test func `clearing empties one database and keeps it`() throws {
    try store((0..<500).map { (numberKey($0), [1]) }, in: database, of: environment)
    var transaction = try environment.beginWrite()
    try transaction.clear(database)
    try transaction.commit()
    let reader = try environment.beginRead()
    let statistics = try reader.view.statistics(of: database)
    #expect(statistics.entries == 0)
    #expect(statistics.depth == 0)
    #expect(statistics.pageByteCount == environment.information.pageByteCount)
  }

  @Test func `a database that does not exist is nil`() throws {
    let reader = try environment.beginRead()
    #expect(try reader.openDatabase(named: "nothing") == nil)
    let again = try reader.openDatabase(named: "items")
    #expect(again == database)
    try reader.finish()
  }

  @Test func `a finished reader keeps the databases that it opened`() throws {
    let path = directory.path("second")
    do {
      let (second, database) = try openStore(path)
      try store([(numberKey(1), [1])], in: database, of: second)
    }
    let second = try Environment(path: path, options: .init())
    let reader = try second.beginRead()
    let opened = try reader.openDatabase(named: "items")
    try reader.finish()
    let database = try #require(opened)
    #expect(try committedValue(of: numberKey(1), in: database, of: second) == [1])
  }

  @Test func `databases are opened by one transaction at a time`() throws {
    // Begins before the other publishes a handle, so it does not know that the number is taken.
    let early = try environment.beginRead()
    var transaction = try environment.beginWrite()
    let other = try transaction.openDatabase(named: "other", create: true)
    #expect(throws: LMDBError.badTransaction) { try early.openDatabase(named: "another") }
    try transaction.commit()
    #expect(throws: LMDBError.badTransaction) { try early.openDatabase(named: "other") }
    #expect(try early.openDatabase(named: "items") == database)
    let late = try environment.beginRead()
    #expect(try late.openDatabase(named: "other") == other)
  }

  @Test func `writers that open databases at the same time get different ones`() throws {
    let names = (0..<16).map { "database \($0)" }
    let environment = environment
    DispatchQueue.concurrentPerform(iterations: names.count) { index in
      do {
        var transaction = try environment.beginWrite()
        let key = numberKey(0)
        let value = Array(names[index].utf8)
        if let opened = try transaction.openDatabase(named: names[index], create: true) {
          try transaction.put(value.span.bytes, for: key.span.bytes, in: opened)
        }
        try transaction.commit()
      } catch {
        Issue.record(error)
      }
    }
    let reader = try environment.beginRead()
    var opened: Set<Database> = []
    for name in names {
      let database = try #require(try reader.openDatabase(named: name))
      opened.insert(database)
      #expect(try value(of: numberKey(0), in: database, reader.view) == Array(name.utf8))
    }
    #expect(opened.count == names.count)
  }

  @Test func `a database of another environment is refused`() throws {
    let (_, foreign) = try openStore(directory.path("second"))
    let reader = try environment.beginRead()
    #expect(throws: LMDBError.badDatabase) {
      try value(of: numberKey(1), in: foreign, reader.view)
    }
  }
}
