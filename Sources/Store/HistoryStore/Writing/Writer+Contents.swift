import Digests
import Inventory
import LMDB
import PackedBytes

// Contents: from an item's bytes to its number, and to the number of its identity.

extension Writer {
  /// The mark that keeps a type's occurrences apart from its items in the dictionary.
  static let occurrenceBit: TypeNumber = 0x8000

  /// Reads all contents of a scope; once per process and scope.
  func loadContents(
    _ scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard !scope.hasLoadedContents else { return }
    scope.dictionary = ContentDictionary()
    let rows = try transaction.view.definitionRows(
      from: 1, to: scope.row.nextContent, scope: scope.number, tables: tables)
    for row in rows {
      let record = try transaction.view.report(
        row.sequence, scope: scope.number, tables: tables)
      try define(record, in: scope)
    }
    scope.hasLoadedContents = true
  }

  /// Enters the contents that a record defines.
  func define(_ record: ReportRecord, in scope: ScopeState) throws(StoreError) {
    for entry in record.entries {
      for definition in entry.observation?.definitions ?? [] {
        try define(definition, type: entry.type, in: scope)
      }
    }
  }

  private func define(
    _ definition: Definition, type: TypeNumber, in scope: ScopeState
  ) throws(StoreError) {
    guard definition.kind != .erased else {
      _ = scope.dictionary.append(RawSpan(), hash: 0, type: 0, isFull: false)
      return
    }
    let names = try scope.catalog.shape(definition.shape)
    var baseValues: [[UInt8]] = []
    if definition.kind == .difference {
      let dictionary = scope.dictionary
      guard definition.base < dictionary.next else {
        throw .damaged("a content's base comes after it")
      }
      baseValues = try decoding("log") { () throws(PackedBytesError) in
        try splitCanonical(dictionary.bytes(of: definition.base)).values
      }
    }
    let bytes = try decoding("log") { () throws(PackedBytesError) in
      try definition.canonicalBytes(names: names, baseValues: baseValues)
    }
    let owner = definition.kind == .occurrence ? type | Self.occurrenceBit : type
    _ = scope.dictionary.append(
      bytes.rawSpan, hash: hash.hash64(bytes.rawSpan), type: owner,
      isFull: definition.kind == .item)
  }

  /// The numbers of all items of an observation; contents that are new are defined.
  func resolve(
    _ content: CanonicalContent, type: TypeNumber, scope: ScopeState,
    record: inout ReportRecord, definitions: inout [Definition],
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> [StoredItem] {
    var items: [StoredItem] = []
    items.reserveCapacity(content.elements.count)
    for element in content.elements {
      if element.knownContent != 0 {
        items.append(
          StoredItem(content: element.knownContent, occurrence: element.occurrence))
        continue
      }
      let id = try number(
        of: element.piece, in: content, owner: type, scope: scope, record: &record,
        definitions: &definitions, &transaction)
      var occurrence = element.occurrence
      if let index = occurrence.complexID {
        occurrence = .complex(
          try number(
            of: content.complexOccurrences[Int(index)], in: content,
            owner: type | Self.occurrenceBit, scope: scope, record: &record,
            definitions: &definitions, &transaction))
      }
      items.append(StoredItem(content: id, occurrence: occurrence))
    }
    for item in content.readItems { readContents.append(items[item.element].content) }
    return items
  }

  private func number(
    of piece: CanonicalContent.Piece, in content: CanonicalContent, owner: TypeNumber,
    scope: ScopeState, record: inout ReportRecord, definitions: inout [Definition],
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> ContentID {
    let bytes = content.bytes(of: piece)
    if let known = scope.dictionary.find(bytes, hash: piece.hash, type: owner) { return known }
    let copy = [UInt8](copying: bytes)
    let definition = try definition(
      copy, owner: owner, scope: scope, record: &record, &transaction)
    definitions.append(definition)
    return scope.dictionary.append(
      copy.rawSpan, hash: piece.hash, type: owner, isFull: definition.kind == .item)
  }

  /// Words a new content: all of it, or its difference to the first item of the same identity.
  private func definition(
    _ bytes: [UInt8], owner: TypeNumber, scope: ScopeState, record: inout ReportRecord,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Definition {
    let parts = try decoding("report") { () throws(PackedBytesError) in
      try splitCanonical(bytes.rawSpan)
    }
    let type = owner & ~Self.occurrenceBit
    let shape = try self.shape(parts.names, type: type, scope: scope, record: &record, &transaction)
    if owner != type {
      return Definition(kind: .occurrence, shape: shape, values: parts.values)
    }
    let row = try scope.catalog.type(type)
    if row.rule != .undecided, parts.names.count <= 64 {
      let identity = row.identity(of: bytes.rawSpan)
      if let known = try identityRow(identity, type: type, scope: scope, &transaction),
        scope.dictionary.isFull(known.first)
      {
        let dictionary = scope.dictionary
        let base = try decoding("log") { () throws(PackedBytesError) in
          try splitCanonical(dictionary.bytes(of: known.first))
        }
        if base.names == parts.names {
          return .difference(
            of: parts.values, shape: shape, from: known.first, baseValues: base.values)
        }
      }
    }
    return Definition(kind: .item, shape: shape, values: parts.values)
  }

  /// The number of a list of names; new ones are defined in the record.
  private func shape(
    _ names: [[UInt8]], type: TypeNumber, scope: ScopeState, record: inout ReportRecord,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt32 {
    let number: UInt32
    if let known = scope.shapeNumbers[names] {
      number = known
    } else {
      if record.shapes.isEmpty { record.firstShape = scope.row.nextShape }
      record.shapes.append(names.map { String(decoding: $0, as: UTF8.self) })
      number = try addShape(names, scope, &transaction)
    }
    try use(shape: number, in: type, scope)
    return number
  }

  /// Gives a list of names the next number.
  func addShape(
    _ names: [[UInt8]], _ scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt32 {
    let number = scope.row.nextShape
    scope.row.nextShape += 1
    scope.isRowDirty = true
    scope.shapeNumbers[names] = number
    scope.catalog.shapes.append(names)
    meta.catalogGeneration += 1
    try put(encodeShape(names), Key.number(scope.number, number), tables.shapes, &transaction)
    return number
  }

  /// Notes that items of a type have a shape.
  func use(shape: UInt32, in type: TypeNumber, _ scope: ScopeState) throws(StoreError) {
    let row = try scope.catalog.type(type)
    guard !row.shapes.contains(shape) else { return }
    scope.catalog.types[Int(type) - 1].shapes.append(shape)
    scope.dirtyTypes.insert(type)
  }

  /// The identity of a content where it has a number, else nil.
  ///
  /// For what a rebuild does not do: numbers are given out in the order in which it comes to them.
  func knownIdentity(
    of content: ContentID, type: TypeNumber, scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> IdentityNumber? {
    let known = unsafe scope.dictionary.identities[Int(content)]
    if known != 0 { return known }
    let bytes = try scope.catalog.type(type).identity(of: scope.dictionary.bytes(of: content))
    guard let row = try identityRow(bytes, type: type, scope: scope, &transaction) else {
      return nil
    }
    unsafe scope.dictionary.identities[Int(content)] = row.number
    return row.number
  }

  /// The identity of a content, as a number; looked up once per content.
  ///
  /// A new one gets the next number. Only a projection may ask, because a rebuild comes to the same
  /// numbers by asking in the same order.
  func identity(
    of content: ContentID, type: TypeNumber, scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> IdentityNumber {
    if let known = try knownIdentity(of: content, type: type, scope: scope, &transaction) {
      return known
    }
    let bytes = try scope.catalog.type(type).identity(of: scope.dictionary.bytes(of: content))
    let number = scope.row.nextIdentity
    scope.row.nextIdentity += 1
    scope.isRowDirty = true
    var value = ByteWriter()
    value.append(varint: UInt64(number))
    value.append(varint: UInt64(content))
    try put(
      value.bytes, Key.identity(scope.number, type, bytes), tables.identities, &transaction)
    unsafe scope.dictionary.identities[Int(content)] = number
    return number
  }

  private func identityRow(
    _ identity: [UInt8], type: TypeNumber, scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> (number: IdentityNumber, first: ContentID)? {
    let key = Key.identity(scope.number, type, identity)
    return try transaction.view.row(key, tables.identities) { bytes throws(PackedBytesError) in
      var reader = ByteReader(bytes)
      return (try reader.varint32(), try reader.varint32())
    }
  }
}
