import Inventory
import PackedBytes

/// Numbers that stand for a scope, a node and a type inside one store; they never leave it.
typealias ScopeNumber = UInt16
typealias NodeNumber = UInt32
typealias TypeNumber = UInt16
/// The number of an item's shared content within a scope; 0 is none.
typealias ContentID = UInt32
/// The number of a source of imported reports within a scope; 0 is the node itself.
typealias SourceNumber = UInt16
/// The number of an identity within a scope; 0 is not known yet.
typealias IdentityNumber = UInt32

/// The keys of every table, most significant part first, so that bytes sort as the tables are read.
///
/// docs/format.md describes each; `KeyTests` decodes its examples.
enum Key {
  /// scope, sequence number (6 bytes): 8 bytes.
  static func log(_ scope: ScopeNumber, _ sequence: UInt64) -> [UInt8] {
    var key = ByteWriter(capacity: 8)
    key.append(bigEndian: UInt64(scope) << 48 | sequence)
    return key.bytes
  }

  /// The largest sequence number that fits 6 bytes.
  static let sequenceMax: UInt64 = (1 << 48) - 1

  /// scope alone: 2 bytes.
  static func scope(_ scope: ScopeNumber) -> [UInt8] {
    var key = ByteWriter(capacity: 2)
    key.append(bigEndian: scope)
    return key.bytes
  }

  /// scope, and a content id, node number or shape number: 6 bytes.
  static func number(_ scope: ScopeNumber, _ number: UInt32) -> [UInt8] {
    var key = ByteWriter(capacity: 6)
    key.append(bigEndian: scope)
    key.append(bigEndian: number)
    return key.bytes
  }

  /// scope, text: 2 bytes and the text's.
  static func text(_ scope: ScopeNumber, _ text: String) -> [UInt8] {
    var key = ByteWriter(capacity: 2 + text.utf8.count)
    key.append(bigEndian: scope)
    key.append(Array(text.utf8))
    return key.bytes
  }

  /// scope, type: 4 bytes.
  static func type(_ scope: ScopeNumber, _ type: TypeNumber) -> [UInt8] {
    var key = ByteWriter(capacity: 4)
    key.append(bigEndian: scope)
    key.append(bigEndian: type)
    return key.bytes
  }

  /// scope, node, type: 8 bytes.
  static func series(_ series: Series) -> [UInt8] {
    var key = ByteWriter(capacity: 8)
    key.append(bigEndian: series.scope)
    key.append(bigEndian: series.node)
    key.append(bigEndian: series.type)
    return key.bytes
  }

  /// scope, node, type, valid time in seconds (4 bytes), sequence number (6 bytes): 18 bytes.
  static func timeline(_ series: Series, _ place: Place) -> [UInt8] {
    var key = ByteWriter(capacity: 18)
    key.append(bigEndian: series.scope)
    key.append(bigEndian: series.node)
    key.append(bigEndian: series.type)
    key.append(bigEndian: place.valid)
    key.append(bigEndian: UInt16(truncatingIfNeeded: place.sequence >> 32))
    key.append(bigEndian: UInt32(truncatingIfNeeded: place.sequence))
    return key.bytes
  }

  /// The place in a timeline key, where the key belongs to the series; else nil.
  static func place(inTimelineKey key: RawSpan, of series: Series) -> Place? {
    guard key.byteCount == 18 else { return nil }
    var reader = ByteReader(key)
    guard let scope = try? reader.bigEndian(UInt16.self), scope == series.scope,
      let node = try? reader.bigEndian(UInt32.self), node == series.node,
      let type = try? reader.bigEndian(UInt16.self), type == series.type,
      let valid = try? reader.bigEndian(UInt32.self),
      let high = try? reader.bigEndian(UInt16.self), let low = try? reader.bigEndian(UInt32.self)
    else { return nil }
    return Place(valid: valid, sequence: UInt64(high) << 32 | UInt64(low))
  }

  /// scope, type, the identity's values: at most 4 + `identityBytesMax`.
  static func identity(_ scope: ScopeNumber, _ type: TypeNumber, _ identity: [UInt8]) -> [UInt8] {
    var key = ByteWriter(capacity: 4 + identity.count)
    key.append(bigEndian: scope)
    key.append(bigEndian: type)
    key.append(identity)
    return key.bytes
  }

  /// Bytes of an identity in a key; LMDB's keys have at most 511.
  static let identityBytesMax = 400

  /// scope, type, identity: the list of who held an item of that identity: 8 bytes.
  static func holders(
    _ scope: ScopeNumber, _ type: TypeNumber, _ identity: IdentityNumber
  ) -> [UInt8] {
    var key = ByteWriter(capacity: 16)
    key.append(bigEndian: scope)
    key.append(bigEndian: type)
    key.append(bigEndian: identity)
    return key.bytes
  }

  /// The list that holds the keyframes of a holders list: the type with its highest bit set.
  static func keyframes(of list: [UInt8]) -> [UInt8] {
    var key = list
    key[2] |= 0x80
    return key
  }
}

/// One inventory type of one node: what has a timeline.
struct Series: Hashable, Comparable {
  var scope: ScopeNumber
  var node: NodeNumber
  var type: TypeNumber

  static func < (a: Self, b: Self) -> Bool {
    (a.scope, a.node, a.type) < (b.scope, b.node, b.type)
  }
}

/// Where an observation stands in its timeline: by valid time, then by sequence number.
struct Place: Hashable, Comparable {
  /// Seconds since 1970; reports are held to the years 2000 to 2099.
  var valid: UInt32
  var sequence: UInt64

  static func < (a: Self, b: Self) -> Bool {
    (a.valid, a.sequence) < (b.valid, b.sequence)
  }

  static let last = Place(valid: .max, sequence: Key.sequenceMax)

  /// The valid time as an instant.
  var instant: Instant { Instant(seconds: Int64(valid)) }
}
