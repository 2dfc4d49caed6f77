import Digests
import Inventory
import PackedBytes

/// An inventory type in a scope: what has been seen of it.
struct TypeRow: Equatable {
  /// How items of the type are matched between two observations.
  enum Rule: Equatable {
    /// A custom type that has not shown an item yet.
    case undecided
    case attributes([String])
    case singleton
    case wholeItem
  }

  var number: TypeNumber
  var name: TypeName
  var rule: Rule
  var isDeclared = false
  var versions: [String] = []
  /// The shapes of its items and occurrences, in order of first use.
  var shapes: [UInt32] = []
  /// The valid time of its newest deletion; 0 for none.
  var deleted: UInt32 = 0

  init(number: TypeNumber, name: TypeName) {
    self.number = number
    self.name = name
    rule =
      switch TypeDefinition.of(name).identity {
      case .attributes(let names): .attributes(names)
      case .singleton: .singleton
      case .wholeItem: .undecided
      }
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.append(string: name.text)
    var names: [String] = []
    let tag: UInt8
    switch rule {
    case .undecided: tag = 0
    case .attributes(let list):
      tag = 1
      names = list
    case .singleton: tag = 2
    case .wholeItem: tag = 3
    }
    writer.append(tag | (isDeclared ? 4 : 0))
    writer.append(varint: UInt64(deleted))
    for list in [names, versions] {
      writer.append(varint: list.count)
      for text in list { writer.append(string: text) }
    }
    writer.append(varint: shapes.count)
    for shape in shapes { writer.append(varint: UInt64(shape)) }
    return writer.bytes
  }

  init(_ bytes: RawSpan, number: TypeNumber) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    self.number = number
    name = TypeName(stored: try reader.string())
    let tag = try reader.byte()
    isDeclared = tag & 4 != 0
    deleted = try reader.varint32()
    var names: [String] = []
    for _ in 0..<(try reader.followingCount()) { names.append(try reader.string()) }
    for _ in 0..<(try reader.followingCount()) { versions.append(try reader.string()) }
    for _ in 0..<(try reader.followingCount()) { shapes.append(try reader.varint32()) }
    rule =
      switch tag & 3 {
      case 0: .undecided
      case 1: .attributes(names)
      case 2: .singleton
      default: .wholeItem
      }
  }

  /// The bytes that two items share if and only if they have the same identity.
  ///
  /// The values of the identity's attributes, each ended by a zero byte (values hold none), or all
  /// of the item's bytes. What would not fit a key is cut and told apart by its SHA-256, which
  /// nobody can make collide.
  func identity(of item: RawSpan) -> [UInt8] {
    var bytes: [UInt8] = []
    switch rule {
    case .singleton: break
    case .undecided, .wholeItem: bytes = [UInt8](copying: item)
    case .attributes(let names):
      for name in names {
        let wanted = Array(name.utf8)
        var reader = ByteReader(item)
        while let attribute = try? reader.lengthPrefixedSpan(),
          let value = try? reader.lengthPrefixedSpan()
        {
          if attribute.isEqual(to: wanted.rawSpan) {
            bytes.append(contentsOf: [UInt8](copying: value))
            break
          }
        }
        bytes.append(0)
      }
    }
    guard bytes.count > Key.identityBytesMax else { return bytes }
    let digest = SHA256().digest(bytes.rawSpan)
    return Array(bytes[..<(Key.identityBytesMax - 32)]) + digest.bytes
  }
}
