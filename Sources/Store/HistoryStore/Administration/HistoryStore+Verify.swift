import Digests
import Glibc
import Inventory
import LMDB
import PackedBytes

extension HistoryStore {
  /// Checks the whole store: every row against the sums that are kept of them, the hash chain over the
  /// log, whether each row can be read, then every projection against the log.
  ///
  /// Projections are made again in a scratch environment beside the store (as large as it is, gone
  /// afterwards) and compared row by row; not so with `rows`, which finds all damage to what was
  /// written, but no mistake in how it was written. Reads the state of one moment; writers go on. A
  /// damaged page can make LMDB itself stop the process: run it in one of its own.
  public func verify(
    _ depth: VerificationDepth = .replay, progress: ((Int, Int) -> Void)? = nil
  ) throws(StoreError) -> Verification {
    var verification = Verification(records: 0, rows: 0, logByteCount: 0, problems: [])
    let last = try verifyRows(depth, &verification)
    guard depth == .replay, verification.isSound else { return verification }
    verification.rows = 0
    let scratch = try ScratchStore(near: environment.path)
    do throws(StoreError) {
      let writer = scratch.writer
      _ = try writer.transact { transaction throws(StoreError) in
        try writer.replay(
          from: LogSource(environment: environment, tables: tables, last: last), &transaction,
          progress: progress)
      }
    } catch {
      if let full = scratch.diskFull(error) { throw full }
      guard error.code == .damaged else { throw error }
      verification.problems.append("the log does not replay: \(error)")
      return verification
    }
    guard try lastSequence.value == last else {
      // Somebody wrote meanwhile: what is compared would not be of one moment.
      return try verify(depth, progress: progress)
    }
    try compareProjections(with: scratch, &verification)
    return verification
  }

  /// Walks every table; returns the newest sequence number.
  private func verifyRows(
    _ depth: VerificationDepth, _ verification: inout Verification
  ) throws(StoreError) -> UInt64 {
    let transaction = try environment.beginStoreRead()
    let view = transaction.view
    let meta = try view.meta(tables) ?? MetaRow(id: nil)
    var walk = ChainWalk(decodesRecords: depth == .replay)
    do throws(StoreError) {
      for (number, row) in try view.scopeRows(tables) { walk.expected[number] = row }
    } catch {
      guard error.code == .damaged else { throw error }
      walk.problems.append("\(error)")
    }
    var check = RowCheck(tables, scopes: walk.expected)
    let sums = try view.rowSums(tables)
    for table in tables.summed {
      let isLog = table == tables.log
      let summed = try view.sum(table) { key, value in
        guard isLog else { return verification.rows += 1 }
        verification.records += 1
        verification.logByteCount += value.byteCount
        walk.take(key: key, value: value)
      }
      // Where the sums are damaged themselves, that is the one thing to be said.
      let isChanged = sums.areKnown && summed.sum != sums[table]
      if isChanged { walk.problems.append("table \(table.name) is not as it was written") }
      if isChanged || depth == .replay { try check.check(table, view) }
      if let lost = summed.lost {
        walk.problems.append("row \(lost) of table \(table.name) is not found by its key")
      }
    }
    for (scope, checkpoints) in walk.checkpoints {
      for (sequence, link) in checkpoints {
        let stored = try view.bytes(Key.log(scope, sequence), tables.chain)
        if stored != link.bytes {
          walk.problems.append(
            "the hash chain of scope \(scope) breaks at or before log record \(sequence)")
          break
        }
      }
    }
    walk.finish()
    for table in [tables.meta, tables.seen] {
      do throws(LMDBError) {
        var cursor = try view.cursor(in: table)
        while try cursor.next() {
          guard !MetaRow.isIntact(cursor.value, under: cursor.key) else { continue }
          walk.problems.append("a row of table \(table.name) does not have its checksum")
        }
      } catch { throw StoreError(error) }
    }
    verification.problems += walk.problems + check.problems.map { "\($0)" }
    if check.problemCount > check.problems.count {
      verification.problems.append(
        "\(check.problemCount - check.problems.count) further rows do not decode")
    }
    return meta.nextSequence - 1
  }

  private func compareProjections(
    with scratch: ScratchStore, _ verification: inout Verification
  ) throws(StoreError) {
    let mine = try environment.beginStoreRead()
    let other = try scratch.environment.beginStoreRead()
    for (index, table) in tables.projections.enumerated() {
      do throws(LMDBError) {
        var a = try mine.view.cursor(in: table)
        var b = try other.view.cursor(in: scratch.tables.projections[index])
        var isA = try a.next()
        var isB = try b.next()
        while isA && isB {
          verification.rows += 1
          guard a.key.isEqual(to: b.key), a.value.isEqual(to: b.value) else { break }
          // A walk passes over the tree's inner pages; a lookup, as every answer begins, does not.
          guard let found = try mine.view.value(for: a.key, in: table), found.isEqual(to: a.value)
          else { break }
          isA = try a.next()
          isB = try b.next()
        }
        if isA || isB {
          verification.problems.append(
            "table \(table.name) does not follow from the log; rebuild makes it anew")
        }
      } catch { throw StoreError(error) }
    }
  }
}

extension TransactionView {
  /// The sum of the hashes of a table's rows, and the number of a row that is not found by its key.
  func sum(
    _ table: Database, _ body: (RawSpan, RawSpan) -> Void
  ) throws(StoreError) -> (sum: UInt64, lost: Int?) {
    var sum: UInt64 = 0
    var lost: Int?
    var count = 0
    var leaf: UInt = 0
    do throws(LMDBError) {
      var cursor = try cursor(in: table)
      // One row behind: when a leaf ends, on its last.
      var behind = try self.cursor(in: table)
      while try cursor.next() {
        sum &+= RowHash.hash(cursor.key, cursor.value)
        body(cursor.key, cursor.value)
        if cursor.leaf != leaf {
          leaf = cursor.leaf
          if count > 0, try !isFound(behind, in: table) { lost = lost ?? count }
          if try !isFound(cursor, in: table) { lost = lost ?? count + 1 }
        }
        _ = try behind.next()
        count += 1
      }
      if count > 0, try !isFound(behind, in: table) { lost = lost ?? count }
    } catch { throw StoreError(error) }
    return (sum, lost)
  }

  /// Whether a row's key leads to it.
  ///
  /// A walk passes over the tree's inner pages; a lookup, as every answer begins, does not. The first and
  /// the last row of each leaf are enough: where they come out at the same leaf, so does what is between.
  private func isFound(_ cursor: borrowing Cursor, in table: Database) throws(LMDBError) -> Bool {
    try value(for: cursor.key, in: table)?.isEqual(to: cursor.value) == true
  }
}

extension Cursor {
  /// Tells one leaf from another: no page of LMDB is smaller than this.
  fileprivate var leaf: UInt {
    unsafe key.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) >> 12 }
  }
}

/// Follows the hash chains of all scopes.
private struct ChainWalk {
  /// Whether records are decoded whole; else only what the chain needs of them.
  let decodesRecords: Bool
  var expected: [ScopeNumber: ScopeRow] = [:]
  private(set) var checkpoints: [ScopeNumber: [(UInt64, SHA256Digest)]] = [:]
  var problems: [String] = []
  private var heads: [ScopeNumber: SHA256Digest] = [:]
  private var counts: [ScopeNumber: UInt64] = [:]
  private var rewritten: [ScopeNumber: SHA256Digest] = [:]
  private var lastAct: [ScopeNumber: SHA256Digest] = [:]
  private var recorded: [ScopeNumber: Int64] = [:]
  private let sha = SHA256Box()

  init(decodesRecords: Bool) { self.decodesRecords = decodesRecords }

  mutating func take(key: RawSpan, value: RawSpan) {
    do throws(PackedBytesError) {
      var reader = ByteReader(key)
      let number: UInt64 = try reader.bigEndian()
      let scope = ScopeNumber(number >> 48)
      let sequence = number & Key.sequenceMax
      let record = try LogRecord.Head(value)
      if decodesRecords { _ = try LogRecord(value, sequence: sequence) }
      let digest = record.originalDigest ?? sha.hasher.digest(key, value)
      let head = heads[scope] ?? .zero
      let next = sha.hasher.digest(head.bytes.rawSpan, digest.bytes.rawSpan)
      heads[scope] = next
      counts[scope, default: 0] += 1
      if record.originalDigest != nil {
        rewritten[scope] = Self.fold(
          rewritten[scope] ?? .zero, sha.hasher.digest(key, value), sha)
      }
      if record.isErasure, case .erasure(let act) = try LogRecord(value, sequence: sequence).body {
        lastAct[scope] = act.rewritten
      }
      if record.recorded < recorded[scope] ?? 0 {
        problems.append("log record \(sequence) was recorded before the one before it")
      }
      recorded[scope] = record.recorded
      if (counts[scope] ?? 0) % Writer.chainInterval == 0 {
        checkpoints[scope, default: []].append((sequence, next))
      }
    } catch {
      problems.append("a log record does not decode: \(error.expected) at byte \(error.offset)")
    }
  }

  mutating func finish() {
    for (scope, row) in expected {
      if heads[scope] != row.head || counts[scope] != row.recordCount {
        problems.append("the hash chain of \(row.scope) does not end where it should")
      }
      if let act = lastAct[scope], act != rewritten[scope] ?? .zero {
        problems.append("records of \(row.scope) were rewritten by something else than an erasure")
      }
    }
    for scope in rewritten.keys where lastAct[scope] == nil {
      problems.append("records of scope number \(scope) were rewritten without an erasure")
    }
    for scope in heads.keys where expected[scope] == nil {
      problems.append("the log has records of scope number \(scope), which is not known")
    }
  }

  static func fold(
    _ digest: SHA256Digest, _ record: SHA256Digest, _ sha: SHA256Box
  ) -> SHA256Digest {
    sha.hasher.digest(digest.bytes.rawSpan, record.bytes.rawSpan)
  }
}

/// A hasher that can be kept in copyable values.
final class SHA256Box {
  let hasher = SHA256()
}
