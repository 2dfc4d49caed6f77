public import Inventory
import LMDB
import PackedBytes
import PlainText

extension StoreError {
  /// A row that does not decode, or contradicts another.
  public struct Damage: Sendable, Hashable {
    /// The table.
    public var table: String
    /// The row's key; docs/format.md says what it is made of.
    public var key: [UInt8]
    /// Where in the row's value, where that is known; of a packed part, where that begins.
    public var byte: Int?
    /// What should be there.
    public var expected: String
    /// The account and Region, where the key names one that is known.
    public var scope: Scope?
    /// The node, where the key names one that is known.
    public var node: NodeID?
    /// The inventory type, where the key names one that is known.
    public var type: TypeName?

    init(table: String, key: [UInt8], byte: Int? = nil, expected: String) {
      self.table = table
      self.key = key
      self.byte = byte
      self.expected = expected
    }
  }

  /// Names a row that does not decode.
  init(_ damage: Damage) {
    self.init(.damaged, "\(damage); run verify, then rebuild")
    self.damage = damage
  }

  /// Names the row of a table that does not decode.
  init(_ error: PackedBytesError, in table: Database, under key: [UInt8]) {
    self.init(
      Damage(
        table: table.name, key: key, byte: error.offset, expected: error.expected.description))
  }

  /// Names an error of LMDB's that was met in a table.
  init(_ error: LMDBError, in table: Database) {
    self.init(error)
    if code == .damaged {
      message = "the pages of table \(table.name) are damaged; run verify, then rebuild"
    }
  }
}

extension StoreError.Damage: CustomStringConvertible {
  /// `table T, node N, type T, time, record R: what is expected at byte B`.
  public var description: String { text(naming: true) }

  /// The description, with or without the names of scope, node and type.
  func text(naming: Bool) -> String {
    let row = RowKey(table, key)
    var parts = ["table \(table)"]
    if naming { parts += names(row) }
    if let number = row.number { parts.append("number \(number)") }
    if let valid = row.valid { parts.append("\(Instant(seconds: Int64(valid)))") }
    if let sequence = row.sequence { parts.append("record \(sequence)") }
    if row.isOther { parts.append("key \(Self.hex(key))") }
    let place = byte.map { " at byte \($0)" } ?? ""
    return "\(parts.joined(separator: ", ")): \(expected) expected\(place)"
  }

  private func names(_ row: RowKey) -> [String] {
    var names: [String] = []
    if let text = scope?.description ?? row.scope.map({ "number \($0)" }) {
      names.append("scope \(text)")
    }
    if let text = node?.text.printable ?? row.node.map({ "number \($0)" }) {
      names.append("node \(text)")
    }
    if let text = type?.text.printable ?? row.type.map({ "number \($0)" }) {
      names.append("type \(text)")
    }
    return names
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    Hex.text(bytes.prefix(64)) + (bytes.count > 64 ? "…" : "")
  }
}

/// What the key of a row is made of, as far as it can be told to people.
struct RowKey {
  var scope: ScopeNumber?
  var node: NodeNumber?
  var type: TypeNumber?
  /// Of an identity, a content or a shape.
  var number: UInt32?
  var valid: UInt32?
  var sequence: UInt64?
  /// Whether something else is in the key.
  var isOther = false

  init(_ table: String, _ key: [UInt8]) {
    var reader = ByteReader(key.rawSpan)
    do throws(PackedBytesError) {
      switch table {
      case "timeline", "keyframes", "tails", "hashes":
        (scope, node, type) = (
          try reader.bigEndian(), try reader.bigEndian(), try reader.bigEndian()
        )
        if !reader.isAtEnd {
          valid = try reader.bigEndian()
          sequence = try Self.sequence(&reader)
        }
      case "log", "chain", "erasures":
        scope = try reader.bigEndian()
        sequence = try Self.sequence(&reader)
      case "scopes": scope = try reader.bigEndian()
      case "schemas": (scope, type) = (try reader.bigEndian(), try reader.bigEndian())
      case "nodes", "seen": (scope, node) = (try reader.bigEndian(), try reader.bigEndian())
      case "dictionary", "shapes":
        (scope, number) = (try reader.bigEndian(), try reader.bigEndian())
      case "holders":
        scope = try reader.bigEndian()
        type = try reader.bigEndian(TypeNumber.self) & 0x7fff
        number = try reader.bigEndian()
        if !reader.isAtEnd { (valid, node) = (try reader.bigEndian(), try reader.bigEndian()) }
      case "activity":
        (scope, valid, node) = (
          try reader.bigEndian(), try reader.bigEndian(), try reader.bigEndian()
        )
      case "identities": (scope, type) = (try reader.bigEndian(), try reader.bigEndian())
      case "node-numbers": scope = try reader.bigEndian()
      default: break
      }
      isOther = !reader.isAtEnd
    } catch {
      isOther = true
    }
  }

  private static func sequence(_ reader: inout ByteReader) throws(PackedBytesError) -> UInt64 {
    UInt64(try reader.bigEndian(UInt16.self)) << 32 | UInt64(try reader.bigEndian(UInt32.self))
  }
}

extension TransactionView {
  /// Adds the names of what a damaged row's key tells by number, as far as they can be read.
  func naming(_ error: StoreError, _ tables: Tables) -> StoreError {
    guard var damage = error.damage, damage.scope == nil else { return error }
    let row = RowKey(damage.table, damage.key)
    guard let scope = row.scope else { return error }
    damage.scope = try? self.row(Key.scope(scope), tables.scopes) {
      bytes throws(PackedBytesError) in try ScopeRow(bytes).scope
    }
    if let number = row.node {
      let id = try? self.row(Key.number(scope, number), tables.nodes) {
        bytes throws(PackedBytesError) in try NodeRow(bytes).id
      }
      damage.node = id.map { NodeID(stored: $0) }
    }
    if let number = row.type {
      damage.type = try? self.row(Key.type(scope, number), tables.schemas) {
        bytes throws(PackedBytesError) in try TypeRow(bytes, number: number).name
      }
    }
    var named = StoreError(damage)
    named.cause = error.cause
    return named
  }
}
