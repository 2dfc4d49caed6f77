import Inventory
import LMDB
import PackedBytes

/// The scopes of a store with their types and shapes, as of one moment; cached, and shared by all
/// questions until it changes.
final class Catalog: Sendable {
  let generation: UInt64
  let erasureGeneration: UInt64
  let scopes: [ScopeNumber: ScopeCatalog]
  let numbers: [Scope: ScopeNumber]

  /// Fits no store.
  init() {
    generation = .max
    erasureGeneration = .max
    scopes = [:]
    numbers = [:]
  }

  init(
    _ meta: MetaRow, scopes: [ScopeNumber: ScopeCatalog], numbers: [Scope: ScopeNumber]
  ) {
    generation = meta.catalogGeneration
    erasureGeneration = meta.erasureGeneration
    self.scopes = scopes
    self.numbers = numbers
  }
}

/// One scope's types and shapes.
struct ScopeCatalog: Sendable {
  var number: ScopeNumber
  var scope: Scope
  /// By type number minus 1.
  var types: [TypeRow] = []
  var typeNumbers: [TypeName: TypeNumber] = [:]
  /// By source number minus 1.
  var sources: [Report.Source] = []
  /// Attribute names by shape number minus 1.
  var shapes: [[[UInt8]]] = []

  func type(_ number: TypeNumber) throws(StoreError) -> TypeRow {
    guard number >= 1, Int(number) <= types.count else {
      throw .damaged("type number \(number) is not known")
    }
    return types[Int(number) - 1]
  }

  func shape(_ number: UInt32) throws(StoreError) -> [[UInt8]] {
    guard number >= 1, Int(number) <= shapes.count else {
      throw .damaged("shape number \(number) is not known")
    }
    return shapes[Int(number) - 1]
  }

  /// A source of imported reports; nil for the node itself.
  func source(_ number: SourceNumber) -> Report.Source? {
    number >= 1 && Int(number) <= sources.count ? sources[Int(number) - 1] : nil
  }

  /// A schema version of a type, by its index; nil for one that is not known.
  func version(_ index: Int, of number: TypeNumber) throws(StoreError) -> String? {
    let versions = try type(number).versions
    return index < versions.count ? versions[index] : nil
  }

  /// The attribute that a plain time in an occurrence stands for.
  func occurrenceAttribute(_ number: TypeNumber) throws(StoreError) -> String? {
    TypeDefinition.of(try type(number).name).occurrenceAttributes.first
  }
}

extension TransactionView {
  /// The store's own facts; nil in an empty environment.
  func meta(_ tables: Tables) throws(StoreError) -> MetaRow? {
    let meta = try row(MetaRow.key, tables.meta) { bytes throws(PackedBytesError) in
      try MetaRow(bytes)
    }
    // Another process may have upgraded the store since this one opened it.
    try HistoryStore.checkFormat(meta)
    return meta
  }

  /// Reads all scopes, types and shapes.
  func catalog(_ tables: Tables, meta: MetaRow) throws(StoreError) -> Catalog {
    var scopes: [ScopeNumber: ScopeCatalog] = [:]
    var numbers: [Scope: ScopeNumber] = [:]
    for (number, stored) in try scopeRows(tables) {
      var scope = ScopeCatalog(number: number, scope: stored.scope)
      scope.sources = stored.sources
      for index in 1..<max(1, stored.nextType) {
        let key = Key.type(number, index)
        let decoded = try self.row(key, tables.schemas) { bytes throws(PackedBytesError) in
          try TypeRow(bytes, number: index)
        }
        guard let type = decoded else { throw .damaged("type number \(index) has no schema") }
        scope.types.append(type)
        scope.typeNumbers[type.name] = index
      }
      for index in 1..<max(1, stored.nextShape) {
        let key = Key.number(number, index)
        let decoded = try self.row(key, tables.shapes) { bytes throws(PackedBytesError) in
          try decodeShape(bytes)
        }
        guard let names = decoded else { throw .damaged("shape number \(index) is missing") }
        scope.shapes.append(names)
      }
      scopes[number] = scope
      numbers[stored.scope] = number
    }
    return Catalog(meta, scopes: scopes, numbers: numbers)
  }

  /// All scopes in order of their numbers.
  func scopeRows(_ tables: Tables) throws(StoreError) -> [(ScopeNumber, ScopeRow)] {
    var rows: [(ScopeNumber, ScopeRow)] = []
    var cursor = try storeCursor(in: tables.scopes)
    while try cursor.next() {
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.key)
        rows.append((try reader.bigEndian(), try ScopeRow(cursor.value)))
      } catch { throw cursor.damaged(error) }
    }
    return rows
  }

  /// One decoded row, or nil where there is none.
  func row<R>(
    _ key: [UInt8], _ table: Database, _ decode: (RawSpan) throws(PackedBytesError) -> R
  ) throws(StoreError) -> R? {
    guard let bytes = try storedValue(key, table) else { return nil }
    do throws(PackedBytesError) { return try decode(bytes) } catch {
      throw StoreError(error, in: table, under: key)
    }
  }

  /// A copy of a row's bytes, or nil where there is none.
  func bytes(_ key: [UInt8], _ table: Database) throws(StoreError) -> [UInt8]? {
    guard let bytes = try storedValue(key, table) else { return nil }
    return [UInt8](copying: bytes)
  }
}

/// A shape's row: the names in canonical order.
func encodeShape(_ names: [[UInt8]]) -> [UInt8] {
  var writer = ByteWriter()
  writer.append(varint: names.count)
  for name in names { writer.append(lengthPrefixed: name) }
  return writer.bytes
}

/// Reads what ``encodeShape(_:)`` wrote.
func decodeShape(_ bytes: RawSpan) throws(PackedBytesError) -> [[UInt8]] {
  var reader = ByteReader(bytes)
  var names: [[UInt8]] = []
  for _ in 0..<(try reader.followingCount()) { names.append(try reader.lengthPrefixedBytes()) }
  return names
}
