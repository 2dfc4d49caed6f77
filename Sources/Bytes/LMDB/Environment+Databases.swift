import CLMDB
import Synchronization

/// Which databases of an environment are open, and which transaction is opening some.
///
/// LMDB numbers handles per transaction and publishes them when it commits, without a lock. Two
/// transactions that open databases at the same time, or one that opens some but began before
/// others were published, would give the same number to two databases. The rules here rule that
/// out.
struct OpenDatabases {
  /// How many transactions have published handles.
  private(set) var generation = 0

  /// The generation that each published handle came with.
  private var published: [String: Int] = [:]

  /// The transaction that is opening databases, and their names.
  private var opener: Int?
  private var opened: [String] = []

  /// Whether a transaction may look a name up without changing anything that others see.
  func isPublished(_ name: String, before transaction: Admission) -> Bool {
    guard let generation = published[name] else { return false }
    return generation <= transaction.generation
  }

  /// Whether a transaction is the one that opens databases.
  func isOpening(_ transaction: Admission) -> Bool {
    opener == transaction.number
  }

  /// Lets a transaction be the one that opens databases, if that is safe.
  mutating func claim(_ transaction: Admission) -> Bool {
    guard transaction.generation == generation, opener == nil || isOpening(transaction) else {
      return false
    }
    opener = transaction.number
    return true
  }

  /// Takes note of a database that the opening transaction has opened.
  mutating func add(_ name: String) {
    opened.append(name)
  }

  /// Takes note that the opening transaction has ended.
  mutating func end(keeps: Bool) {
    if keeps && !opened.isEmpty {
      generation += 1
      for name in opened {
        published[name] = generation
      }
    }
    opener = nil
    opened.removeAll()
  }
}

extension Environment {
  /// Opens a database inside a C transaction; `nil` when there is none and none is to be created.
  func openDatabase(
    named name: String, create: Bool, in transaction: BegunTransaction
  ) throws(LMDBError) -> Database? {
    let admission = unsafe transaction.admission
    let isPublished = gate.withLock { $0.databases.isPublished(name, before: admission) }
    if !isPublished {
      let isOpener = gate.withLock { $0.databases.claim(admission) }
      guard isOpener else { throw .badTransaction }
    }
    var dbi: UInt32 = 0
    let flags = create ? UInt32(MDB_CREATE) : 0
    let code = unsafe mdb_dbi_open(transaction.handle, name, flags, &dbi)
    if code == MDB_NOTFOUND {
      return nil
    }
    try check(code)
    if !isPublished {
      gate.withLock { $0.databases.add(name) }
    }
    return Database(name: name, dbi: dbi, environmentNumber: number)
  }
}
