import Foundation
import LMDB

/// A directory that lives as long as the value.
final class TemporaryDirectory {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func path(_ name: String) -> String {
    path + "/" + name
  }
}

/// SplitMix64, so that a failure can be repeated from its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func bytes(count: ClosedRange<Int>) -> [UInt8] {
    (0..<Int.random(in: count, using: &self)).map { _ in UInt8.random(in: 0...255, using: &self) }
  }
}

/// A big-endian number, whose order as bytes is its order as a number.
func numberKey(_ number: Int) -> [UInt8] {
  withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
}

func copied(_ span: RawSpan) -> [UInt8] {
  span.withUnsafeBytes { Array($0) }
}

func value(of key: [UInt8], in database: Database, _ view: TransactionView) throws -> [UInt8]? {
  guard let value = try view.value(for: key.span.bytes, in: database) else { return nil }
  return copied(value)
}

/// Opens an environment without waiting for the disk, and one database in it.
func openStore(
  _ path: String, mapSize: Int = 64 << 20, mapSizeMax: Int = 1 << 40, syncs: Bool = false
) throws -> (Environment, Database) {
  var options = Environment.Options()
  options.mapSize = mapSize
  options.mapSizeMax = mapSizeMax
  options.syncs = syncs
  let environment = try Environment(path: path, options: options)
  var transaction = try environment.beginWrite()
  guard let database = try transaction.openDatabase(named: "items", create: true) else {
    throw LMDBError.notFound
  }
  try transaction.commit()
  return (environment, database)
}

/// Stores entries in one transaction.
func store(
  _ entries: [(key: [UInt8], value: [UInt8])], in database: Database, of environment: Environment
) throws {
  var transaction = try environment.beginWrite()
  for (key, value) in entries {
    try transaction.put(value.span.bytes, for: key.span.bytes, in: database)
  }
  try transaction.commit()
}

/// All entries, in the order of the cursor.
func entries(
  of database: Database, _ view: TransactionView
) throws -> [(key: [UInt8], value: [UInt8])] {
  var result: [(key: [UInt8], value: [UInt8])] = []
  var cursor = try view.cursor(in: database)
  while try cursor.next() {
    result.append((copied(cursor.key), copied(cursor.value)))
  }
  return result
}

func isSame(
  _ left: [(key: [UInt8], value: [UInt8])], _ right: [(key: [UInt8], value: [UInt8])]
) -> Bool {
  left.elementsEqual(right) { $0.key == $1.key && $0.value == $1.value }
}

// The transactions have names in these two: Swift 6.3.1 crashes on one that is only a part of an
// expression when another part of it throws.

func committedEntries(
  of database: Database, in environment: Environment
) throws -> [(key: [UInt8], value: [UInt8])] {
  let reader = try environment.beginRead()
  return try entries(of: database, reader.view)
}

func committedValue(
  of key: [UInt8], in database: Database, of environment: Environment
) throws -> [UInt8]? {
  let reader = try environment.beginRead()
  return try value(of: key, in: database, reader.view)
}
