import Compression
import Digests
import Inventory
import PackedBytes

// The byte form of log records; docs/format.md, "log".

extension LogRecord {
  private enum Tag: UInt8 {
    case scopeOpened = 1
    case report = 2
    case nodeEvent = 3
    case typeDeletion = 4
    case identityDeclaration = 5
    case erasure = 6
  }

  /// The first byte of an identity declaration.
  static let declarationTag = Tag.identityDeclaration.rawValue

  /// Whether a record is a node event, by its first byte.
  static func isNodeEvent(_ bytes: [UInt8]) -> Bool {
    bytes.first.map { $0 & ~(rewrittenBit | compressedBit) } == Tag.nodeEvent.rawValue
  }

  /// Set in the first byte where an erasure has rewritten the record.
  private static let rewrittenBit: UInt8 = 0x80

  /// Set in the first byte where the body is a Zstandard frame.
  private static let compressedBit: UInt8 = 0x40

  /// Bodies as frames: no report comes near the longest.
  static let frame = Frame(byteCountMin: 512, byteCountMax: 1 << 30)

  /// How many times longer than its frame a body is at most; one that packs better stays as it is.
  ///
  /// For programs of before, which read no other. This one reads any.
  private static let packedRatioMax = 1000

  /// The bytes under `sequence`.
  func encoded(sequence: UInt64) -> [UInt8] {
    var writer = ByteWriter(capacity: 256)
    let tag: Tag =
      switch body {
      case .scopeOpened: .scopeOpened
      case .report: .report
      case .nodeEvent: .nodeEvent
      case .typeDeletion: .typeDeletion
      case .identityDeclaration: .identityDeclaration
      case .erasure: .erasure
      }
    var head = originalDigest == nil ? tag.rawValue : tag.rawValue | Self.rewrittenBit
    var body = ByteWriter(capacity: 256)
    encodeBody(into: &body, sequence: sequence)
    let frame = Self.frame(of: body.bytes)
    if frame != nil { head |= Self.compressedBit }
    writer.append(head)
    if let originalDigest { writer.append(originalDigest.bytes) }
    writer.append(varint: UInt64(recorded))
    if let frame {
      writer.append(frame: frame, of: body.count)
    } else {
      writer.append(body.bytes)
    }
    return writer.bytes
  }

  /// The body compressed, where that is worth it.
  private static func frame(of body: [UInt8]) -> [UInt8]? {
    guard let frame = frame.pack(body.rawSpan), body.count / packedRatioMax <= frame.count
    else { return nil }
    return frame
  }

  private func encodeBody(into writer: inout ByteWriter, sequence: UInt64) {
    switch body {
    case .scopeOpened(let scope):
      writer.append(string: scope.account)
      writer.append(string: scope.region)
    case .report(let report):
      report.encode(into: &writer, recorded: recorded, sequence: sequence)
    case .nodeEvent(let event):
      event.encode(into: &writer)
    case .typeDeletion(let type, let valid):
      writer.append(string: type.text)
      writer.append(varint: UInt64(valid))
    case .identityDeclaration(let type, let attributes):
      writer.append(string: type.text)
      writer.append(varint: attributes.count)
      for attribute in attributes { writer.append(string: attribute) }
    case .erasure(let act):
      writer.append(varint: act.node.map { UInt64($0) + 1 } ?? 0)
      writer.append(varint: UInt64(act.before))
      writer.append(string: act.reason)
      writer.append(act.rewritten.bytes)
    }
  }

  /// What stands before the body.
  struct Head {
    /// The digest that the record had first, where an erasure has rewritten it.
    var originalDigest: SHA256Digest?
    /// Milliseconds since 1970.
    var recorded: Int64
    var isErasure: Bool

    init(_ bytes: RawSpan) throws(PackedBytesError) {
      var reader = ByteReader(bytes)
      let first = try reader.byte()
      if first & rewrittenBit != 0 {
        originalDigest = SHA256Digest(bytes: [UInt8](copying: try reader.span(count: 32)))
      }
      isErasure = first & ~(rewrittenBit | compressedBit) == Tag.erasure.rawValue
      recorded = Int64(truncatingIfNeeded: try reader.varint())
    }
  }

  /// The recorded time alone, in milliseconds.
  static func recorded(in bytes: RawSpan) throws(PackedBytesError) -> Int64 {
    try Head(bytes).recorded
  }

  /// Reads what ``encoded(sequence:)`` wrote.
  init(_ bytes: RawSpan, sequence: UInt64) throws(PackedBytesError) {
    var reader = ByteReader(bytes)
    let first = try reader.byte()
    guard let tag = Tag(rawValue: first & ~(Self.rewrittenBit | Self.compressedBit)) else {
      throw PackedBytesError(offset: 0, expected: "a kind of log record")
    }
    if first & Self.rewrittenBit != 0 {
      originalDigest = SHA256Digest(bytes: [UInt8](copying: try reader.span(count: 32)))
    }
    recorded = Int64(truncatingIfNeeded: try reader.varint())
    guard first & Self.compressedBit != 0 else {
      body = try Self.body(tag, &reader, recorded: recorded, sequence: sequence)
      return
    }
    let plain = try reader.unpacked(Self.frame)
    var plainReader = ByteReader(plain.rawSpan)
    body = try Self.body(tag, &plainReader, recorded: recorded, sequence: sequence)
  }

  @_lifetime(reader: copy reader)
  private static func body(
    _ tag: Tag, _ reader: inout ByteReader, recorded: Int64, sequence: UInt64
  ) throws(PackedBytesError) -> Body {
    let body: Body
    switch tag {
    case .scopeOpened:
      let account = try reader.string()
      let region = try reader.string()
      guard let scope = try? Scope(account: account, region: region) else {
        throw PackedBytesError(offset: reader.position, expected: "an account and a Region")
      }
      body = .scopeOpened(scope)
    case .report:
      body = .report(try ReportRecord(&reader, recorded: recorded, sequence: sequence))
    case .nodeEvent:
      body = .nodeEvent(try NodeEvent(&reader))
    case .typeDeletion:
      let type = TypeName(stored: try reader.string())
      body = .typeDeletion(type: type, valid: try reader.varint32())
    case .identityDeclaration:
      let type = TypeName(stored: try reader.string())
      var attributes: [String] = []
      for _ in 0..<(try reader.followingCount()) { attributes.append(try reader.string()) }
      body = .identityDeclaration(type: type, attributes: attributes)
    case .erasure:
      let node = try reader.varint()
      let before = try reader.varint32()
      let reason = try reader.string()
      let digest = SHA256Digest(bytes: [UInt8](copying: try reader.span(count: 32)))
      body = .erasure(
        ErasureAct(
          node: node == 0 ? nil : NodeNumber(truncatingIfNeeded: node - 1), before: before,
          reason: reason, rewritten: digest ?? .zero))
    }
    guard reader.isAtEnd else {
      throw PackedBytesError(offset: reader.position, expected: "the record's end")
    }
    return body
  }
}

extension ReportRecord {
  private static let newNodeBit: UInt8 = 1
  private static let importedBit: UInt8 = 2
  private static let definesBit: UInt8 = 4
  private static let newSourceBit: UInt8 = 8

  fileprivate func encode(into writer: inout ByteWriter, recorded: Int64, sequence: UInt64) {
    writer.append(varint: UInt64(node))
    let defines = definitionCount > 0 || !shapes.isEmpty
    var flags: UInt8 = 0
    if newNode != nil { flags |= Self.newNodeBit }
    if source != 0 { flags |= Self.importedBit }
    if newSource != nil { flags |= Self.newSourceBit }
    if defines { flags |= Self.definesBit }
    writer.append(flags)
    if let newNode { writer.append(string: newNode) }
    if source != 0 { writer.append(varint: UInt64(source)) }
    if let newSource { newSource.encode(into: &writer) }
    if defines {
      writer.append(varint: UInt64(firstContent))
      writer.append(varint: UInt64(firstShape))
      writer.append(varint: shapes.count)
      for shape in shapes {
        writer.append(varint: shape.count)
        for name in shape { writer.append(string: name) }
      }
    }
    writer.append(varint: entries.count)
    var nextContent = firstContent
    for entry in entries {
      entry.encode(
        into: &writer, recorded: recorded, sequence: sequence, defines: defines,
        nextContent: &nextContent)
    }
  }

  @_lifetime(reader: copy reader)
  fileprivate init(
    _ reader: inout ByteReader, recorded: Int64, sequence: UInt64
  ) throws(PackedBytesError) {
    node = try reader.varint32()
    let flags = try reader.byte()
    if flags & Self.newNodeBit != 0 { newNode = try reader.string() }
    if flags & Self.importedBit != 0 { source = try reader.sourceNumber() }
    if flags & Self.newSourceBit != 0 { newSource = try Report.Source(&reader) }
    let defines = flags & Self.definesBit != 0
    if defines {
      firstContent = try reader.varint32()
      firstShape = try reader.varint32()
      for _ in 0..<(try reader.followingCount()) {
        var names: [String] = []
        for _ in 0..<(try reader.followingCount()) { names.append(try reader.string()) }
        shapes.append(names)
      }
    }
    var nextContent = firstContent
    for _ in 0..<(try reader.followingCount()) {
      entries.append(
        try Entry(
          &reader, recorded: recorded, sequence: sequence, defines: defines,
          nextContent: &nextContent))
    }
  }
}

extension ReportRecord.Entry {
  private static let observationBit: UInt8 = 1
  private static let newTypeBit: UInt8 = 2
  private static let hashBit: UInt8 = 4
  private static let newVersionBit: UInt8 = 8
  private static let erasedBit: UInt8 = 16
  /// Set where the schema version is not the first of its type.
  private static let versionBit: UInt8 = 32

  fileprivate func encode(
    into writer: inout ByteWriter, recorded: Int64, sequence: UInt64, defines: Bool,
    nextContent: inout ContentID
  ) {
    writer.append(varint: UInt64(type))
    var flags: UInt8 = 0
    if observation != nil { flags |= Self.observationBit }
    if newType != nil { flags |= Self.newTypeBit }
    if contentHash != nil { flags |= Self.hashBit }
    if observation?.newVersion != nil { flags |= Self.newVersionBit }
    if isErased { flags |= Self.erasedBit }
    if let observation, observation.version != 0 { flags |= Self.versionBit }
    writer.append(flags)
    if let newType { writer.append(string: newType) }
    writer.append(zigzag: recorded / 1000 - Int64(valid))
    if let contentHash { writer.append(string: contentHash) }
    guard let observation else { return }
    if observation.version != 0 { writer.append(varint: observation.version) }
    if let newVersion = observation.newVersion { writer.append(string: newVersion) }
    writer.append(varint: observation.base == 0 ? 0 : sequence - observation.base)
    if defines {
      writer.append(varint: observation.definitions.count)
      for definition in observation.definitions {
        definition.encode(into: &writer, content: nextContent)
        nextContent += 1
      }
    }
    SlotChangeCodec.encode(observation.changes, at: valid, into: &writer)
  }

  @_lifetime(reader: copy reader)
  fileprivate init(
    _ reader: inout ByteReader, recorded: Int64, sequence: UInt64, defines: Bool,
    nextContent: inout ContentID
  ) throws(PackedBytesError) {
    type = TypeNumber(truncatingIfNeeded: try reader.varint())
    let flags = try reader.byte()
    isErased = flags & Self.erasedBit != 0
    if flags & Self.newTypeBit != 0 { newType = try reader.string() }
    let age = try reader.zigzag()
    valid = UInt32(truncatingIfNeeded: recorded / 1000 &- age)
    if flags & Self.hashBit != 0 { contentHash = try reader.string() }
    guard flags & Self.observationBit != 0 else { return }
    let version = flags & Self.versionBit != 0 ? try reader.versionIndex() : 0
    let newVersion = flags & Self.newVersionBit != 0 ? try reader.string() : nil
    let back = try reader.varint()
    var definitions: [Definition] = []
    if defines {
      for _ in 0..<(try reader.followingCount()) {
        definitions.append(try Definition(&reader, content: nextContent))
        nextContent &+= 1
      }
    }
    var changes: [SlotChange] = []
    try SlotChangeCodec.decode(&reader, at: valid) { changes.append($0) }
    observation = ReportRecord.Observation(
      version: version, newVersion: newVersion, base: back == 0 ? 0 : sequence &- back,
      definitions: definitions, changes: changes)
  }
}

extension Definition {
  fileprivate func encode(into writer: inout ByteWriter, content: ContentID) {
    writer.append(varint: UInt64(shape) << 2 | UInt64(kind.rawValue))
    switch kind {
    case .item, .occurrence:
      writer.append(varint: values.count)
    case .difference:
      writer.append(varint: UInt64(content - base))
      writer.append(varint: present)
    case .erased:
      return
    }
    for value in values { writer.append(lengthPrefixed: value) }
  }

  @_lifetime(reader: copy reader)
  fileprivate init(_ reader: inout ByteReader, content: ContentID) throws(PackedBytesError) {
    let head = try reader.varint()
    // Two bits have four values, each of them a kind.
    kind = Kind(rawValue: UInt8(head & 3)) ?? .erased
    shape = UInt32(truncatingIfNeeded: head >> 2)
    var count = 0
    switch kind {
    case .item, .occurrence:
      count = try reader.followingCount()
    case .difference:
      base = content &- (try reader.varint32())
      present = try reader.varint()
      count = present.nonzeroBitCount
    case .erased:
      break
    }
    for _ in 0..<count { values.append(try reader.lengthPrefixedBytes()) }
  }
}

extension NodeEvent {
  fileprivate func encode(into writer: inout ByteWriter) {
    writer.append(varint: UInt64(node))
    writer.append(kind.rawValue)
    writer.append(newNode == nil ? 0 : 1)
    if let newNode { writer.append(string: newNode) }
    writer.append(varint: UInt64(valid))
    writer.append(varint: tags.count)
    for tag in tags {
      writer.append(string: tag.name)
      writer.append(string: tag.value)
    }
  }

  @_lifetime(reader: copy reader)
  fileprivate init(_ reader: inout ByteReader) throws(PackedBytesError) {
    node = try reader.varint32()
    guard let kind = NodeEventKind(rawValue: try reader.byte()) else {
      throw PackedBytesError(offset: reader.position, expected: "a kind of node event")
    }
    self.kind = kind
    if try reader.byte() == 1 { newNode = try reader.string() }
    valid = try reader.varint32()
    for _ in 0..<(try reader.followingCount()) {
      let name = try reader.string()
      tags.append(Item.Attribute(name: name, value: try reader.string()))
    }
  }
}

extension Report.Source {
  func encode(into writer: inout ByteWriter) {
    writer.append(string: name)
    writer.append(tellsEveryChange ? 1 : 0)
  }

  @_lifetime(reader: copy reader)
  init(_ reader: inout ByteReader) throws(PackedBytesError) {
    let name = try reader.string()
    guard Self.isName(name) else {
      throw PackedBytesError(offset: reader.position, expected: "the name of a source")
    }
    self.init(name, tellsEveryChange: try reader.byte() & 1 != 0)
  }
}
