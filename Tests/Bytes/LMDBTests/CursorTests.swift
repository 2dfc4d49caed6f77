import LMDB
import Testing

struct CursorTests {
  let directory: TemporaryDirectory
  let environment: Environment
  let database: Database

  init() throws {
    directory = try TemporaryDirectory()
    (environment, database) = try openStore(directory.path("data"))
  }

  /// Stores random entries, and returns them as LMDB must order them.
  private func fill(count: Int, with generator: inout SeededGenerator) throws -> [[UInt8]] {
    var keys: Set<[UInt8]> = []
    while keys.count < count {
      // Short keys, so that many share beginnings and some are the beginning of another.
      keys.insert(generator.bytes(count: 1...(count < 200 ? 2 : 12)))
    }
    try store(keys.map { ($0, Array($0.reversed())) }, in: database, of: environment)
    return keys.sorted { $0.lexicographicallyPrecedes($1) }
  }

  @Test(arguments: [0, 1, 2, 100, 5000], [1, 2] as [UInt64])
  func `a cursor visits the entries in order, both ways`(count: Int, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let keys = try fill(count: count, with: &generator)
    let reader = try environment.beginRead()
    var cursor = try reader.view.cursor(in: database)
    var visited: [[UInt8]] = []
    while try cursor.next() {
      visited.append(copied(cursor.key))
      #expect(copied(cursor.value) == copied(cursor.key).reversed())
    }
    #expect(visited == keys)
    #expect(try !cursor.next())
    visited.removeAll()
    while try cursor.previous() {
      visited.append(copied(cursor.key))
    }
    #expect(visited == keys.reversed())
    #expect(try !cursor.previous())
    #expect(try cursor.next() == !keys.isEmpty)
    if let first = keys.first, let last = keys.last {
      #expect(copied(cursor.key) == first)
      #expect(try cursor.last())
      #expect(copied(cursor.key) == last)
      #expect(try cursor.first())
      #expect(copied(cursor.key) == first)
    }
  }

  @Test(arguments: [0, 1, 2, 100, 5000], [3, 4] as [UInt64])
  func `both seeks find what a sorted array finds`(count: Int, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let keys = try fill(count: count, with: &generator)
    let reader = try environment.beginRead()
    var cursor = try reader.view.cursor(in: database)
    for round in 0..<1000 {
      let probe =
        round % 3 == 0
        ? keys.randomElement(using: &generator) ?? [0] : generator.bytes(count: 1...13)
      let after = keys.firstIndex { !$0.lexicographicallyPrecedes(probe) }
      let before = keys.lastIndex { !probe.lexicographicallyPrecedes($0) }
      #expect(try cursor.seek(atOrAfter: probe.span.bytes) == (after != nil))
      if let after {
        #expect(copied(cursor.key) == keys[after])
        #expect(try cursor.next() == (after + 1 < keys.count))
      } else {
        #expect(try cursor.previous() == !keys.isEmpty)
        if !keys.isEmpty { #expect(copied(cursor.key) == keys[keys.count - 1]) }
      }
      #expect(try cursor.seek(atOrBefore: probe.span.bytes) == (before != nil))
      if let before {
        #expect(copied(cursor.key) == keys[before])
        #expect(try cursor.previous() == (before > 0))
      } else {
        #expect(try cursor.next() == !keys.isEmpty)
        if !keys.isEmpty { #expect(copied(cursor.key) == keys[0]) }
      }
    }
  }

  @Test func `a cursor of a write transaction sees what it has written`() throws {
    var transaction = try environment.beginWrite()
    for number in [3, 1, 2] {
      let key = numberKey(number)
      try transaction.put(key.span.bytes, for: key.span.bytes, in: database)
    }
    #expect(try entries(of: database, transaction.view).map(\.key) == [1, 2, 3].map(numberKey))
    do {
      var cursor = try transaction.view.cursor(in: database)
      #expect(try cursor.last())
      #expect(copied(cursor.key) == numberKey(3))
    }
    let key = numberKey(4)
    try transaction.put(key.span.bytes, for: key.span.bytes, in: database)
    try transaction.commit()
  }

  @Test func `reading the key of a cursor on no entry traps`() async {
    await #expect(processExitsWith: .failure) {
      let directory = try TemporaryDirectory()
      let (environment, database) = try openStore(directory.path("data"))
      try readKeyOfUnsetCursor(environment, database)
    }
  }
}

private func readKeyOfUnsetCursor(_ environment: Environment, _ database: Database) throws {
  let reader = try environment.beginRead()
  let cursor = try reader.view.cursor(in: database)
  _ = cursor.key.byteCount
}
