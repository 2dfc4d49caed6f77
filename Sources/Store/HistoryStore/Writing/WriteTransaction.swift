import Digests
import LMDB
import PackedBytes

/// A write transaction of LMDB that keeps a sum over the rows of every table.
///
/// Each row counts with the hash of its key and value; a row that changes takes its old hash out and
/// brings its new one in. So ``HistoryStore/verify(_:progress:)`` finds any row that is not as it was
/// written, or is gone, at the speed of reading.
struct WriteTransaction: ~Copyable {
  private var transaction: LMDB.WriteTransaction
  /// By the handle of the table.
  private(set) var sums: RowSums

  init(_ transaction: consuming LMDB.WriteTransaction, sums: RowSums) {
    self.transaction = transaction
    self.sums = sums
  }

  /// The data as this transaction sees it, with what it has changed so far.
  var view: TransactionView {
    @_lifetime(borrow self)
    get { transaction.view }
  }

  /// The number that it commits under: one more than that of the transaction before.
  var id: Int { transaction.id }

  /// Goes on from other sums.
  mutating func adopt(_ sums: RowSums) { self.sums = sums }

  /// Stores a value under a key, in place of one that is there.
  mutating func put(
    _ value: RawSpan, for key: RawSpan, in table: Database
  ) throws(LMDBError) {
    if RowSums.counts(table) {
      let old = try hash(of: key, in: table)
      sums.add(RowHash.hash(key, value) &- old, table)
    }
    try transaction.put(value, for: key, in: table)
  }

  /// Stores a value under a key, with the store's errors.
  mutating func store(
    _ value: [UInt8], _ key: [UInt8], in table: Database
  ) throws(StoreError) {
    do throws(LMDBError) { try put(value.rawSpan, for: key.rawSpan, in: table) } catch {
      throw StoreError(error, in: table)
    }
  }

  /// Stores a value in place of one that the caller knows.
  mutating func put(
    _ value: RawSpan, replacing old: RawSpan, for key: RawSpan, in table: Database
  ) throws(LMDBError) {
    sums.add(RowHash.hash(key, value) &- RowHash.hash(key, old), table)
    try transaction.put(value, for: key, in: table)
  }

  /// Stores a value under a key that no row has.
  mutating func putNew(
    _ value: RawSpan, for key: RawSpan, in table: Database
  ) throws(LMDBError) {
    sums.add(RowHash.hash(key, value), table)
    try transaction.put(value, for: key, in: table)
  }

  /// Removes the row of a key; false where there is none.
  mutating func delete(_ key: RawSpan, in table: Database) throws(LMDBError) -> Bool {
    if RowSums.counts(table) {
      let old = try hash(of: key, in: table)
      sums.add(0 &- old, table)
    }
    return try transaction.delete(key, in: table)
  }

  /// The hash of a row as it is; 0 where there is none.
  private func hash(of key: RawSpan, in table: Database) throws(LMDBError) -> UInt64 {
    guard let value = try transaction.view.value(for: key, in: table) else { return 0 }
    return RowHash.hash(key, value)
  }

  /// Removes all rows of a table.
  mutating func clear(_ table: Database) throws(LMDBError) {
    try transaction.clear(table)
    sums.clear(table)
  }

  /// Makes the changes durable, then visible.
  consuming func commit() throws(LMDBError) { try transaction.commit() }
}

/// The sum of the hashes of all rows, for every table but those whose rows have checksums.
struct RowSums: Equatable {
  /// Under which the sums stand in `meta`.
  static let key: [UInt8] = Array("sums".utf8)

  private var sums = [UInt64](repeating: 0, count: 2 * Tables.count)
  /// False where the row that held them does not have its checksum.
  private(set) var areKnown = true

  /// Whether a table's rows are summed; those of `meta` and `seen` have checksums of their own.
  static func counts(_ table: Database) -> Bool { table.name != "meta" && table.name != "seen" }

  mutating func add(_ hash: UInt64, _ table: Database) { sums[table.number] &+= hash }

  mutating func clear(_ table: Database) { sums[table.number] = 0 }

  subscript(table: Database) -> UInt64 {
    get { sums[table.number] }
    set { sums[table.number] = newValue }
  }

  init() {}

  /// The row: eight bytes for each table in order of ``Tables/summed``.
  func encoded(_ tables: Tables) -> [UInt8] {
    var writer = ByteWriter(capacity: 8 * Tables.count + 4)
    for table in tables.summed { writer.append(bigEndian: sums[table.number]) }
    writer.append(bigEndian: MetaRow.checksum(of: writer.bytes, under: Self.key))
    return writer.bytes
  }

  init(_ bytes: RawSpan, _ tables: Tables) throws(PackedBytesError) {
    let key = Self.key
    areKnown = MetaRow.isIntact(bytes, under: key.rawSpan)
    guard areKnown else { return }
    var reader = ByteReader(bytes)
    for table in tables.summed { sums[table.number] = try reader.bigEndian() }
  }

  /// Takes the sums as known from now on.
  mutating func settle() { areKnown = true }
}

extension TransactionView {
  /// The sums over the rows of all tables; zero in a store that is new.
  func rowSums(_ tables: Tables) throws(StoreError) -> RowSums {
    try row(RowSums.key, tables.meta) { bytes throws(PackedBytesError) in
      try RowSums(bytes, tables)
    } ?? RowSums()
  }

  /// The number of rows of a table.
  func rowCount(of table: Database) throws(StoreError) -> Int {
    try storedStatistics(of: table).entries
  }

  /// The shape of a table's tree, with the store's errors.
  func storedStatistics(of table: Database) throws(StoreError) -> DatabaseStatistics {
    do throws(LMDBError) { return try statistics(of: table) } catch {
      throw StoreError(error, in: table)
    }
  }
}
