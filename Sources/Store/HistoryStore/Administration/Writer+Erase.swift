import Digests
import Inventory
import LMDB
import PackedBytes

/// What is to be erased.
enum ErasureRange {
  /// Everything of one node.
  case node(NodeNumber)
  /// Everything valid before a time, but what still holds at that time.
  case before(UInt32)
}

// Erasure: the one act that rewrites log records. A rewritten record keeps the digest it had, so
// that the hash chain still holds, and those definitions of contents that others use; the record of
// the act holds a digest of all rewritten records, so that nothing else can pass as an erasure.

extension Writer {
  /// Erases a range and rebuilds the projections; returns the act's sequence number.
  func erase(
    _ range: ErasureRange, reason: String, in scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> UInt64 {
    try loadContents(scope, &transaction)
    let plan = try plan(range, scope, &transaction)
    var node: NodeNumber?
    if case .node(let number) = range { node = number }
    let rewritten = try rewrite(plan, tagsOf: node, scope, &transaction)
    var act = ErasureAct(node: nil, before: .max, reason: reason, rewritten: rewritten)
    switch range {
    case .node(let number):
      act.node = number
      // Reports that come later, of times after now, are not erased.
      act.before = UInt32(clamping: tick() / 1000 + 1)
      do throws(LMDBError) {
        let key = Key.number(scope.number, number)
        _ = try transaction.delete(key.rawSpan, in: tables.seen)
      } catch { throw StoreError(error) }
    case .before(let valid):
      act.before = valid
    }
    let sequence = try append(
      LogRecord(recorded: tick(), body: .erasure(act)), to: scope, &transaction)
    _ = try rebuild(&transaction, progress: nil)
    meta.erasureGeneration += 1
    meta.catalogGeneration += 1
    return sequence
  }

  /// What an erasure takes from the log.
  private struct ErasurePlan {
    struct EntryKey: Hashable {
      var sequence: UInt64
      var type: TypeNumber
    }

    var erased: Set<EntryKey> = []
    /// Entries that stay while the one they are relative to goes.
    var rebased: Set<EntryKey> = []
    /// Contents that something that stays refers to.
    var used: Set<ContentID> = []
  }

  private func plan(
    _ range: ErasureRange, _ scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> ErasurePlan {
    var plan = ErasurePlan()
    var founding: [Series: Place] = [:]
    try forEachRecord(scope, &transaction) { stored, record, transaction throws(StoreError) in
      guard case .report(let report) = record.body else { return }
      let sequence = stored.sequence
      for entry in report.entries where !entry.isErased {
        let key = ErasurePlan.EntryKey(sequence: sequence, type: entry.type)
        let series = Series(scope: scope.number, node: report.node, type: entry.type)
        let place = Place(valid: entry.valid, sequence: sequence)
        if try isErased(place, series, range, &founding, &transaction) {
          plan.erased.insert(key)
          continue
        }
        guard let observation = entry.observation else { continue }
        let base = ErasurePlan.EntryKey(sequence: observation.base, type: entry.type)
        var changes = observation.changes
        if observation.base != 0, plan.erased.contains(base) {
          plan.rebased.insert(key)
          let layout = try transaction.view.layout(series, atOrBefore: place, tables: tables)
          changes = Layout().changes(to: layout)
        }
        for change in changes where change.item.content != 0 {
          plan.used.insert(change.item.content)
          if let id = change.item.occurrence.complexID { plan.used.insert(id) }
        }
      }
    }
    return plan
  }

  private func isErased(
    _ place: Place, _ series: Series, _ range: ErasureRange, _ founding: inout [Series: Place],
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    switch range {
    case .node(let number):
      return series.node == number
    case .before(let valid):
      guard place.valid < valid else { return false }
      if let known = founding[series] { return place < known }
      // What holds at that time stays, and tells what holds from then on.
      let found = try transaction.view.findState(
        series, atOrBefore: Place(valid: valid, sequence: Key.sequenceMax),
        known: Key.sequenceMax, tables: tables)
      let first = found?.place ?? Place(valid: 0, sequence: 0)
      founding[series] = first
      return place < first
    }
  }

  /// Rewrites records and returns the digest of all that are rewritten, by this act or before.
  private func rewrite(
    _ plan: ErasurePlan, tagsOf node: NodeNumber?, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> SHA256Digest {
    var folded = SHA256Digest.zero
    try forEachRecord(scope, &transaction) { stored, record, transaction throws(StoreError) in
      let (key, sequence) = (stored.key, stored.sequence)
      var bytes = stored.bytes
      var new = record
      var isRewritten = false
      switch record.body {
      case .report(var report):
        isRewritten = try rewrite(&report, sequence, plan, scope, &transaction)
        new.body = .report(report)
      case .nodeEvent(var event) where event.node == node && !event.tags.isEmpty:
        event.tags = []
        isRewritten = true
        new.body = .nodeEvent(event)
      default: break
      }
      if isRewritten {
        new.originalDigest =
          record.originalDigest ?? sha.digest(key.rawSpan, bytes.rawSpan)
        bytes = new.encoded(sequence: sequence)
        try put(bytes, key, tables.log, &transaction)
      }
      if new.originalDigest != nil {
        let digest = sha.digest(key.rawSpan, bytes.rawSpan)
        folded = sha.digest(folded.bytes.rawSpan, digest.bytes.rawSpan)
      }
    }
    return folded
  }

  /// Takes from one report what is erased; returns whether anything was.
  private func rewrite(
    _ report: inout ReportRecord, _ sequence: UInt64, _ plan: ErasurePlan, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    var isRewritten = false
    var content = report.firstContent
    for index in report.entries.indices {
      var entry = report.entries[index]
      let key = ErasurePlan.EntryKey(sequence: sequence, type: entry.type)
      if plan.erased.contains(key) {
        isRewritten = true
        entry.isErased = true
        entry.contentHash = nil
        entry.valid = 0
        entry.observation?.changes = []
        entry.observation?.base = 0
      } else if plan.rebased.contains(key) {
        isRewritten = true
        let series = Series(scope: scope.number, node: report.node, type: entry.type)
        let place = Place(valid: entry.valid, sequence: sequence)
        let layout = try transaction.view.layout(series, atOrBefore: place, tables: tables)
        entry.observation?.changes = Layout().changes(to: layout)
        entry.observation?.base = 0
      }
      for position in (entry.observation?.definitions ?? []).indices {
        if try rewriteDefinition(
          &entry, position, content, isErased: entry.isErased, plan, scope)
        {
          isRewritten = true
        }
        content += 1
      }
      report.entries[index] = entry
    }
    return isRewritten
  }

  private func rewriteDefinition(
    _ entry: inout ReportRecord.Entry, _ position: Int, _ content: ContentID, isErased: Bool,
    _ plan: ErasurePlan, _ scope: ScopeState
  ) throws(StoreError) -> Bool {
    guard let definition = entry.observation?.definitions[position] else { return false }
    if definition.kind == .erased { return false }
    if !plan.used.contains(content) {
      entry.observation?.definitions[position] = Definition(kind: .erased)
      return true
    }
    guard definition.kind == .difference, !plan.used.contains(definition.base) else {
      return false
    }
    let dictionary = scope.dictionary
    let values = try decoding("log") { () throws(PackedBytesError) in
      try splitCanonical(dictionary.bytes(of: content)).values
    }
    entry.observation?.definitions[position] = Definition(
      kind: .item, shape: definition.shape, values: values)
    return true
  }

  private func forEachRecord(
    _ scope: ScopeState, _ transaction: inout WriteTransaction,
    _ body: (StoredRecord, LogRecord, inout WriteTransaction) throws(StoreError) -> Void
  ) throws(StoreError) {
    var key = Key.log(scope.number, 0)
    while let stored = try transaction.view.nextRecord(after: key, tables: tables),
      stored.scope == scope.number
    {
      key = stored.key
      let record = try stored.decoded(in: tables.log)
      try body(stored, record, &transaction)
    }
  }
}
