import Inventory
import LMDB
import PackedBytes

// Accepting a report: check, compare with what is known, log, project.

/// A state, or a statement, that is to enter a timeline.
struct Placement {
  var kind: TimelineEntry.Kind
  var place: Place
  var source: SourceNumber = 0
  var version = 0
  /// The layout of the newest state before it in valid time, and its place; nil for none.
  var prior: SeriesState?
  /// What makes the prior layout into this one.
  var changes: [SlotChange] = []
  /// Whether no state of the series has the same or a later valid time.
  var isNewest = true
}

extension Writer {
  /// Accepts one report, or says why not; a refused report leaves no trace.
  func accept(
    _ report: CanonicalReport, in scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Result<Receipt, ReportError> {
    let examined: Result<Examined, ReportError>
    do throws(StoreError) { examined = try examine(report, scope, &transaction) } catch {
      guard error.code == .damaged else { throw error }
      return .failure(.damaged(transaction.view.naming(error, tables)))
    }
    switch examined {
    case .success(let examined): return .success(try accept(report, examined, scope, &transaction))
    case .failure(let error): return .failure(error)
    }
  }

  /// What has to be read for a report before anything is changed, so that what cannot be read fails
  /// this report and leaves no trace.
  private struct Examined {
    /// Nil for a new one.
    var node: NodeNumber?
    var source: SourceNumber
    /// By the report's entries.
    var bases: [Base] = []

    /// Where an entry belongs, and the state before it.
    struct Base {
      var place: Place
      var prior: SeriesState?
      var isNewest = true
    }
  }

  private func examine(
    _ report: CanonicalReport, _ scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Result<Examined, ReportError> {
    let node = try nodeNumber(report.node, scope, &transaction)
    if let mismatch = try findMismatch(report, node: node, scope, &transaction) {
      return .failure(mismatch)
    }
    if let excess = try findExcess(report, scope) { return .failure(excess) }
    if let excess = try findExcessOfShapes(report, scope) { return .failure(excess) }
    if let other = try findOtherCase(report, scope) { return .failure(other) }
    try loadContents(scope, &transaction)
    var examined: Examined
    switch findSource(report.origin, scope) {
    case .success(let source): examined = Examined(node: node, source: source)
    case .failure(let error): return .failure(error)
    }
    for entry in report.entries {
      var base = Examined.Base(
        place: Place(
          valid: UInt32(clamping: entry.captureTime.seconds), sequence: meta.nextSequence))
      if let node, let type = scope.catalog.typeNumbers[entry.type] {
        let series = Series(scope: scope.number, node: node, type: type)
        if entry.content != nil {
          (base.prior, base.isNewest) = try prior(series, of: base.place, &transaction)
        } else if let newest = try newestEnd(series, &transaction) {
          // Clients send other types' capture times with it; it cannot be older than what it confirms.
          base.place.valid = max(base.place.valid, newest.found.place.valid)
        }
      }
      examined.bases.append(base)
    }
    return .success(examined)
  }

  private func accept(
    _ report: CanonicalReport, _ examined: Examined, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Receipt {
    let node = examined.node ?? scope.row.nextNode
    var record = ReportRecord(node: node)
    record.source = examined.source
    record.firstContent = scope.dictionary.next
    let sequence = meta.nextSequence
    var placements: [(Series, Placement)] = []
    var receipt = Receipt(
      sequence: nil, node: report.node, itemCount: 0, changeCount: 0, duplicateCount: 0)
    for (entry, base) in zip(report.entries, examined.bases) {
      receipt.itemCount += entry.content?.elements.count ?? 0
      let typeNumber = scope.catalog.typeNumbers[entry.type]
      let type = typeNumber ?? addType(entry.type, scope)
      let series = Series(scope: scope.number, node: node, type: type)
      let recorded = try word(
        entry, in: &record, series: series, base, scope: scope, &transaction)
      guard var logged = recorded else {
        receipt.duplicateCount += 1
        continue
      }
      if typeNumber == nil { logged.entry.newType = entry.type.text }
      record.entries.append(logged.entry)
      placements.append((series, logged.placement))
    }
    let now = tick()
    // What its operator says of it is no sign of life.
    if report.entries.contains(where: { $0.type != Tags.type }) {
      staged.seen[Staged.SeenKey(scope: scope.number, node: node)] = now
    }
    guard !record.entries.isEmpty else { return receipt }
    if examined.node == nil {
      record.newNode = report.node.text
      try addNode(report.node.text, recorded: now, scope, &transaction)
    }
    if case .imported(let source) = report.origin, record.source > scope.row.sources.count {
      record.newSource = source
      addSource(source, to: scope)
    }
    try append(LogRecord(recorded: now, body: .report(record)), to: scope, &transaction)
    try noteDefinitions(record, sequence: sequence, scope, &transaction)
    for (index, (series, placement)) in placements.enumerated() {
      receipt.changeCount += try project(placement, of: series, scope, &transaction)
      try noteHash(record.entries[index], series: series, place: placement.place, &transaction)
    }
    receipt.sequence = SequenceNumber(sequence)
    return receipt
  }

  /// Inventory types in a scope at most: far more than anyone has, few enough to keep in memory.
  static let typesMax = 4096
  /// Schema versions of one type at most.
  static let versionsMax = 1024

  /// The first entry that would take a scope past its number of types or versions.
  private func findExcess(
    _ report: CanonicalReport, _ scope: ScopeState
  ) throws(StoreError) -> ReportError? {
    var types = Int(scope.row.nextType) - 1
    for entry in report.entries {
      var error: ReportError?
      if let number = scope.catalog.typeNumbers[entry.type] {
        let versions = try scope.catalog.type(number).versions
        if versions.count >= Self.versionsMax, !versions.contains(entry.schemaVersion) {
          error = ReportError(
            .tooManyTypes, "a type has at most \(Self.versionsMax) schema versions",
            type: entry.type.text)
        }
      } else {
        types += 1
        if types > Self.typesMax {
          error = ReportError(
            .tooManyTypes, "\(scope.row.scope) has \(Self.typesMax) inventory types already",
            type: entry.type.text)
        }
      }
      error?.node = report.node.text
      if error != nil { return error }
    }
    return nil
  }

  /// The first unchanged statement whose hash is not the one accepted last.
  private func findMismatch(
    _ report: CanonicalReport, node: NodeNumber?, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> ReportError? {
    for entry in report.entries where entry.content == nil {
      var isKnown = false
      if let node, let type = scope.catalog.typeNumbers[entry.type] {
        let series = Series(scope: scope.number, node: node, type: type)
        if let newest = try newestEnd(series, &transaction) {
          isKnown = try isNewestHash(
            entry.contentHash, of: newest.found.place, series, &transaction)
        }
      }
      if !isKnown {
        return mismatch(report, entry)
      }
    }
    return nil
  }

  /// Accepts one report into a scope, which it may open; a refused report opens none.
  func accept(
    _ report: CanonicalReport, in scope: Scope, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Result<Receipt, ReportError> {
    if let refused = refusal(of: report, in: scope) { return .failure(refused) }
    return try accept(report, in: try self.scope(scope, &transaction), &transaction)
  }

  /// Why a report is refused in a scope that is not open yet; nil where it opens it.
  private func refusal(of report: CanonicalReport, in scope: Scope) -> ReportError? {
    guard scopeNumbers[scope] == nil else { return nil }
    return report.entries.first { $0.content == nil }.map { mismatch(report, $0) }
  }

  private func mismatch(
    _ report: CanonicalReport, _ entry: CanonicalReport.Entry
  ) -> ReportError {
    var error = ReportError(
      .contentMismatch,
      "the content of this hash is not the one accepted last: send the whole content",
      type: entry.type.text)
    error.node = report.node.text
    return error
  }

  /// Words one entry for the log; nil where everything in it is known already.
  private func word(
    _ entry: CanonicalReport.Entry, in record: inout ReportRecord, series: Series,
    _ base: Examined.Base, scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> (entry: ReportRecord.Entry, placement: Placement)? {
    let place = base.place
    var logged = ReportRecord.Entry(
      type: series.type, valid: place.valid, contentHash: entry.contentHash)
    guard let content = entry.content else {
      if try isConfirmed(series, at: place.valid, &transaction) { return nil }
      return (logged, Placement(kind: .confirmation, place: place))
    }
    var definitions: [Definition] = []
    let items = try resolve(
      content, type: series.type, scope: scope, record: &record, definitions: &definitions,
      &transaction)
    var placement = Placement(kind: .observation, place: place)
    placement.source = record.source
    (placement.prior, placement.isNewest) = (base.prior, base.isNewest)
    let layout = base.prior?.layout ?? Layout()
    placement.changes = try SlotMatching(layout, items).changes {
      content throws(StoreError) in
      try knownIdentity(of: content, type: series.type, scope: scope, &transaction)
    }
    if try isKnown(placement, items, of: series, &transaction) { return nil }
    let (version, isNew) = try version(entry.schemaVersion, of: series.type, scope)
    placement.version = version
    logged.observation = ReportRecord.Observation(
      version: version, newVersion: isNew ? entry.schemaVersion : nil,
      base: placement.prior.map { $0.hasEnded ? 0 : $0.place.sequence } ?? 0,
      definitions: definitions, changes: placement.changes)
    return (logged, placement)
  }

  /// The newest state before a place in valid time, and whether it is the newest of all and older.
  func prior(
    _ series: Series, of place: Place, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> (SeriesState?, isNewest: Bool) {
    guard let newest = try newest(series, &transaction)?.state else { return (nil, true) }
    if newest.place.valid < place.valid { return (newest, true) }
    let found = try transaction.view.findState(
      series, atOrBefore: place, known: Key.sequenceMax, tables: tables)
    guard let found else { return (nil, false) }
    let layout = try transaction.view.layout(series, atOrBefore: found.place, tables: tables)
    return (SeriesState(found, layout: layout), false)
  }

  /// Whether a ContentHash came with a series' newest state.
  func isNewestHash(
    _ contentHash: String?, of newest: Place, _ series: Series,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    let isSame = try transaction.view.row(Key.series(series), tables.hashes) {
      bytes throws(PackedBytesError) in
      try HashRow.tells(bytes, contentHash, of: newest.sequence)
    }
    return isSame ?? false
  }

  /// Whether an unchanged statement of this valid time is known.
  private func isConfirmed(
    _ series: Series, at valid: UInt32, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    if let newest = newestStates[series], newest.lastPlace.valid < valid { return false }
    let found = try transaction.view.findState(
      series, atOrBefore: Place(valid: valid, sequence: Key.sequenceMax),
      known: Key.sequenceMax, tables: tables)
    if let found { return found.lastConfirmed == valid }
    // Before the first state there are statements only, at most one of each valid time.
    let place = Place(valid: valid, sequence: Key.sequenceMax)
    let chunk = try transaction.view.chunk(series, holding: place, tables: tables)
    let tail = try transaction.view.tail(series, tables: tables)
    return ((chunk?.entries ?? []) + tail.entries).contains {
      !$0.isState && $0.place.valid == valid
    }
  }
}

extension Writer {
  /// Keeps the tag of the content that is now current.
  func noteHash(
    _ entry: ReportRecord.Entry, series: Series, place: Place,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard entry.observation != nil, let contentHash = entry.contentHash,
      newestStates[series]?.state.place == place
    else { return }
    let row = HashRow(sequence: place.sequence, contentHash: contentHash)
    try put(row.encoded(), Key.series(series), tables.hashes, &transaction)
  }

  /// Notes where contents are defined.
  func noteDefinitions(
    _ record: ReportRecord, sequence: UInt64, _ scope: ScopeState,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let count = record.definitionCount
    guard count > 0 else { return }
    var value = ByteWriter()
    value.append(varint: sequence)
    value.append(varint: count)
    try put(
      value.bytes, Key.number(scope.number, record.firstContent), tables.dictionary, &transaction)
    scope.row.nextContent = record.firstContent + ContentID(count)
    scope.isRowDirty = true
  }

  /// The number of a node, or nil for a new one.
  func nodeNumber(
    _ node: NodeID, _ scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> NodeNumber? {
    if let number = scope.nodeNumbers[node.text] { return number }
    let key = Key.text(scope.number, node.text)
    let number = try transaction.view.row(key, tables.nodeNumbers) {
      bytes throws(PackedBytesError) in
      var reader = ByteReader(bytes)
      return try reader.varint32()
    }
    if let number {
      if scope.nodeNumbers.count >= ScopeState.nodeNumbersMax { scope.nodeNumbers.removeAll() }
      scope.nodeNumbers[node.text] = number
    }
    return number
  }

  /// Gives a node the next number.
  func addNode(
    _ id: String, recorded: Int64, _ scope: ScopeState, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    let number = scope.row.nextNode
    scope.row.nextNode += 1
    scope.isRowDirty = true
    scope.nodeNumbers[id] = number
    var value = ByteWriter()
    value.append(varint: UInt64(number))
    try put(value.bytes, Key.text(scope.number, id), tables.nodeNumbers, &transaction)
    try put(
      NodeRow(id: id, firstRecorded: recorded).encoded(), Key.number(scope.number, number),
      tables.nodes, &transaction)
  }

  /// Gives a type the next number.
  func addType(_ name: TypeName, _ scope: ScopeState) -> TypeNumber {
    let number = scope.row.nextType
    scope.row.nextType += 1
    scope.isRowDirty = true
    scope.catalog.types.append(TypeRow(number: number, name: name))
    scope.catalog.typeNumbers[name] = number
    scope.dirtyTypes.insert(number)
    return number
  }

  /// The place of a schema version in its type's list.
  func version(
    _ version: String, of type: TypeNumber, _ scope: ScopeState
  ) throws(StoreError) -> (index: Int, isNew: Bool) {
    let row = try scope.catalog.type(type)
    if let index = row.versions.firstIndex(of: version) { return (index, false) }
    scope.catalog.types[Int(type) - 1].versions.append(version)
    scope.dirtyTypes.insert(type)
    return (row.versions.count, true)
  }
}
