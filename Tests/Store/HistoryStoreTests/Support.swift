import Foundation
import Inventory
import LMDB
import Synchronization

@testable import HistoryStore

/// A directory that lives as long as the value; in memory where the system has room for it.
final class TemporaryFolder {
  let path: String

  init() throws {
    let memory = URL(fileURLWithPath: "/dev/shm")
    let isThere = FileManager.default.isWritableFile(atPath: memory.path)
    let parent = isThere ? memory : FileManager.default.temporaryDirectory
    let url = parent.appendingPathComponent("stocktake-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// SplitMix64, so that a failure can be repeated from its seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// True this often in a hundred times.
  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }

  mutating func pick<C: RandomAccessCollection>(_ choices: C) -> C.Element {
    choices[choices.index(choices.startIndex, offsetBy: below(choices.count))]
  }
}

/// A clock that stands still until it is set.
final class FakeClock: Sendable {
  private let time: Mutex<Int64>

  init(_ milliseconds: Int64) { time = Mutex(milliseconds) }

  var milliseconds: Int64 { time.withLock { $0 } }

  func advance(by milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}

/// 2026-03-03T00:00:00Z.
let baseTime = Instant(seconds: 1_772_496_000)

/// What is wrong, in one sentence.
struct Disagreement: Error, CustomStringConvertible {
  var description: String
}

/// Throws where two values differ.
func expectSame<T: Equatable>(_ store: T, _ reference: T, _ what: @autoclosure () -> String) throws
{
  guard store != reference else { return }
  throw Disagreement(description: "\(what()): the store says \(store), the reference \(reference)")
}

/// An item's attributes as bytes: equal if and only if every byte is.
func itemBytes(_ attributes: [Item.Attribute]) -> [UInt8] {
  var bytes: [UInt8] = []
  for attribute in attributes {
    bytes += Array(attribute.name.utf8) + [0] + Array(attribute.value.utf8) + [0]
  }
  return bytes
}

extension HistoryStore {
  /// Opens a store for tests, with a clock of their own.
  static func testing(_ path: String, clock: FakeClock) throws -> HistoryStore {
    var configuration = Configuration()
    configuration.mapSize = 8 << 20
    configuration.clock = { clock.milliseconds }
    return try HistoryStore(path: path, configuration: configuration)
  }

  /// Every row of every projection, by table.
  func projectionRows() throws -> [String: [[[UInt8]]]] {
    let transaction = try environment.beginStoreRead()
    var result: [String: [[[UInt8]]]] = [:]
    for table in tables.projections {
      var rows: [[[UInt8]]] = []
      var cursor = try transaction.view.cursor(in: table)
      while try cursor.next() {
        rows.append([
          cursor.key.withUnsafeBytes { Array($0) }, cursor.value.withUnsafeBytes { Array($0) },
        ])
      }
      result[table.name] = rows
    }
    return result
  }

  /// Throws unless a rebuild comes to the same bytes in every projection.
  func checkRebuild() throws {
    let before = try projectionRows()
    _ = try rebuild()
    let after = try projectionRows()
    for table in tables.projections {
      let old = before[table.name] ?? []
      let new = after[table.name] ?? []
      guard old != new else { continue }
      let index = zip(old, new).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      throw Disagreement(
        description: "a rebuild changes table \(table.name): \(old.count) rows, then \(new.count), "
          + "first difference \(index.map { "\(old[$0]) / \(new[$0])" } ?? "at the end")")
    }
  }

  /// Throws unless `verify` finds nothing.
  func checkSoundness() throws {
    try expectSame(try verify().problems, [], "verify")
  }
}

extension HistoryStore {
  /// Records a node's tags as the command line did before 0.2: as an event of the node.
  func recordOldTags(
    _ tags: Tags, of node: NodeID, at time: Instant, in scope: Scope = .local
  ) throws {
    try write { writer, transaction throws(StoreError) in
      let state = try writer.scope(scope, &transaction)
      let known = try writer.nodeNumber(node, state, &transaction)
      let event = NodeEvent(
        node: known ?? state.row.nextNode, newNode: known == nil ? node.text : nil,
        valid: UInt32(time.seconds), kind: .tagged, tags: tags.list)
      _ = try writer.record(event, in: state, &transaction)
    }
  }
}
