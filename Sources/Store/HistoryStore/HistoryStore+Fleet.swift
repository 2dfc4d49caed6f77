import Glibc
public import Inventory
import LMDB
import PackedBytes

extension HistoryStore {
  /// What log records after a sequence number changed, in the order of the log.
  ///
  /// Each record's changes are those it made when it was recorded: the feed to follow. Records are
  /// given whole, so that the last change's sequence number is where to go on; therefore there may
  /// be more changes than `limit`, by those of one record.
  public func changes(
    after sequence: SequenceNumber, limit: Int, in scope: Scope? = nil
  ) throws(StoreError) -> ChangeList {
    try ask(scope) { reader throws(StoreError) in
      try reader.changes(after: sequence, limit: limit)
    }
  }

  /// Every item change in the fleet with `from <= validTime < to`, oldest first.
  ///
  /// Found through the activity table: costs what changed in the range, not the size of the store; with
  /// `knownAt`, the recorded time by which it was known, also what was recorded since. `nodes` chooses among
  /// the nodes, and `type` is the only type; nil for all.
  public func changes(
    from: Instant, to: Instant, type: TypeName? = nil, nodes: ((NodeID) -> Bool)? = nil,
    knownAt: Instant? = nil, in scope: Scope = .local
  ) throws(StoreError) -> ChangeList {
    try ask(scope, Moment(knownAt: knownAt)) { reader throws(StoreError) in
      try reader.changes(
        from: from, to: to, type: type, nodes: nodes.map { choose in { choose($1) } })
    }
  }

  /// The sequence number of the newest log record.
  public var lastSequence: SequenceNumber {
    get throws(StoreError) {
      try read { snapshot throws(StoreError) in
        SequenceNumber(snapshot.meta.nextSequence - 1)
      }
    }
  }

  /// The scopes in which anything was reported, in order.
  public func scopes() throws(StoreError) -> [Scope] {
    try read { snapshot throws(StoreError) in snapshot.catalog.numbers.keys.sorted() }
  }

  /// The Region of an account where none is named: `us-east-1`, but `local` where the account's history
  /// began there, as it did before there was another default.
  ///
  /// Later reports change nothing about it: the older of the two scopes counts.
  package func homeRegion(of account: String) throws(StoreError) -> String {
    try read { snapshot throws(StoreError) in
      func number(_ region: String) -> ScopeNumber? {
        (try? Scope(account: account, region: region)).flatMap { snapshot.catalog.numbers[$0] }
      }
      guard let old = number(Scope.local.region) else { return Scope.standard.region }
      guard let new = number(Scope.standard.region) else { return Scope.local.region }
      return old < new ? Scope.local.region : Scope.standard.region
    }
  }

  /// What is known of each node as a whole, by scope and id; nil for all scopes.
  public func nodes(in scope: Scope? = nil) throws(StoreError) -> [NodeSummary] {
    try ask(scope) { reader throws(StoreError) in try reader.nodes() }
  }

  /// What is known of one node as a whole; nil where no node of that id is known.
  public func node(_ id: NodeID, in scope: Scope = .local) throws(StoreError) -> NodeSummary? {
    try ask(scope) { reader throws(StoreError) in
      guard let number = try reader.number(of: id) else { return nil }
      return try reader.summary(of: id, number: number)
    }
  }

  /// What is known of each inventory type, by scope and name; nil for all scopes.
  public func schemas(in scope: Scope? = nil) throws(StoreError) -> [TypeSummary] {
    try ask(scope) { reader throws(StoreError) in try reader.schemas() }
  }

  /// How large the store is; costs a walk of the activity table.
  public func statistics() throws(StoreError) -> Statistics {
    try read { snapshot throws(StoreError) in
      var statistics = Statistics(
        format: snapshot.meta.format, id: snapshot.meta.id, records: 0, changeEvents: 0, nodes: 0,
        types: 0, contents: 0, liveByteCount: 0,
        fileByteCount: 0, tables: [])
      for table in tables.all {
        let size = try snapshot.view.storedStatistics(of: table)
        statistics.tables.append(
          Statistics.Table(
            name: table.name, rows: size.entries,
            byteCount: size.pageByteCount
              * (size.branchPages + size.leafPages + size.overflowPages)))
      }
      for (number, row) in try snapshot.view.scopeRows(tables) {
        statistics.records += Int(row.recordCount)
        statistics.nodes += Int(row.nextNode) - 1
        statistics.types += Int(row.nextType) - 1
        statistics.contents += Int(row.nextContent) - 1
        try snapshot.forEachPosting(
          in: tables.activity, list: Key.scope(number), from: 0, upTo: .max
        ) { statistics.changeEvents += Int($0.b) + Int($0.c) + Int($0.d) }
      }
      // Two meta pages and the free list come on top of the tables.
      statistics.liveByteCount = statistics.tables.reduce(0) { $0 + $1.byteCount }
      var status = stat()
      if unsafe stat(environment.path, &status) == 0 {
        statistics.fileByteCount = Int(status.st_size)
      }
      return statistics
    }
  }
}
