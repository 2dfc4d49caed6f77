import Inventory
import LMDB
import PackedBytes

/// What a rebuild did.
public struct Rebuilding: Sendable, Hashable {
  /// The log records that were replayed.
  public var records: Int
  /// What was put right beside the tables that follow from the log, a sentence each.
  public var mended: [String] = []
  /// What is not as it was written and cannot be made from anything else, a sentence each.
  public var unmended: [String] = []
}

// Mending: what does not follow from the log has witnesses of other kinds, or none. The log itself
// has two, the sum over its rows and the ends of its hash chains.

extension Writer {
  /// Makes all projections anew, and whatever else can be put right.
  ///
  /// Needs nothing but the log: the projections that are there may be unreadable.
  func mend(
    _ transaction: inout WriteTransaction, progress: ((Int, Int) -> Void)?
  ) throws(StoreError) -> Rebuilding {
    var rebuilding = Rebuilding(records: 0)
    if try !isMetaIntact(transaction.view) {
      rebuilding.mended.append("the row \"store\" of table meta is made from the log")
    }
    let chains = try? transaction.view.scopeRows(tables).map { ChainEnd($0.0, $0.1) }
    rebuilding.records = try rebuild(&transaction, progress: progress)
    let isChainWhole = chains == scopes.values.map { ChainEnd($0.number, $0.row) }.sorted()
    // Readers in other processes read the catalogue again.
    meta.catalogGeneration += 1
    try mendSums(isChainWhole: isChainWhole, &transaction, &rebuilding)
    try dropUnreadableSeen(&transaction, &rebuilding)
    return rebuilding
  }

  /// Where a scope's hash chain ends.
  private struct ChainEnd: Equatable, Comparable {
    var scope: ScopeNumber
    var row: ScopeRow

    init(_ scope: ScopeNumber, _ row: ScopeRow) {
      self.scope = scope
      self.row = row
    }

    static func == (a: Self, b: Self) -> Bool {
      a.scope == b.scope && a.row.head == b.row.head && a.row.recordCount == b.row.recordCount
    }

    static func < (a: Self, b: Self) -> Bool { a.scope < b.scope }
  }

  private func isMetaIntact(_ view: TransactionView) throws(StoreError) -> Bool {
    guard let row = try view.bytes(MetaRow.key, tables.meta) else {
      return try view.rowCount(of: tables.log) == 0
    }
    let key = MetaRow.key
    return MetaRow.isIntact(row.rawSpan, under: key.rawSpan)
  }

  /// The store's own facts as they are, or made from the log where they are not intact.
  func mendedMeta(_ transaction: borrowing WriteTransaction) throws(StoreError) -> MetaRow {
    let view = transaction.view
    if try isMetaIntact(view) { return try view.meta(tables) ?? MetaRow(id: makeID()) }
    // What the id was is not in the log; who follows it begins anew.
    var meta = MetaRow(id: makeID())
    var key = Key.log(0, 0)
    while let record = try view.nextRecord(after: key, tables: tables) {
      key = record.key
      let recorded = try decoding("log") { () throws(PackedBytesError) in
        try LogRecord.recorded(in: record.bytes.rawSpan)
      }
      meta.nextSequence = max(meta.nextSequence, record.sequence + 1)
      meta.lastRecorded = max(meta.lastRecorded, recorded)
    }
    // Greater than any before, so that no process takes what it remembers for new: a transaction
    // adds some thousands to them at most.
    meta.catalogGeneration = UInt64(transaction.id) << 24
    meta.erasureGeneration = meta.catalogGeneration
    return meta
  }

  /// Holds the sums of the tables that were not made anew against their rows.
  ///
  /// A sum over the log that does not fit is never put right: it is what goes on to tell that the log
  /// is damaged when its chains have been made anew from what is there.
  private func mendSums(
    isChainWhole: Bool, _ transaction: inout WriteTransaction, _ rebuilding: inout Rebuilding
  ) throws(StoreError) {
    var sums = transaction.sums
    let log = try transaction.view.sum(tables.log) { _, _ in }.sum
    let control = try transaction.view.sum(tables.control) { _, _ in }.sum
    if !sums.areKnown {
      // Those of the projections are right: they were added up from nothing.
      rebuilding.mended.append("the sums over the rows of all tables are added up anew")
      sums[tables.log] = isChainWhole ? log : log &+ 1
      sums[tables.control] = control
      sums.settle()
    }
    if log != sums[tables.log] {
      rebuilding.unmended.append(
        "table log is not as it was written: what was replayed may be wrong or incomplete; restore a "
          + "backup")
    }
    if control != sums[tables.control] {
      sums[tables.control] = control
      rebuilding.mended.append(
        "the sum over table control is added up anew: nothing else tells of its rows, so they are "
          + "taken as they are; look through keys and activations")
    }
    transaction.adopt(sums)
  }

  /// Removes the rows that say when nodes were last heard of and do not have their checksums.
  private func dropUnreadableSeen(
    _ transaction: inout WriteTransaction, _ rebuilding: inout Rebuilding
  ) throws(StoreError) {
    var damaged: [[UInt8]] = []
    var cursor = try transaction.view.storeCursor(in: tables.seen)
    while try cursor.next() {
      if MetaRow.isIntact(cursor.value, under: cursor.key) { continue }
      damaged.append([UInt8](copying: cursor.key))
    }
    for key in damaged { try delete(key, tables.seen, &transaction) }
    guard !damaged.isEmpty else { return }
    rebuilding.unmended.append(
      "when \(damaged.count) nodes were last heard of cannot be read and is forgotten until they "
        + "report again")
  }
}
