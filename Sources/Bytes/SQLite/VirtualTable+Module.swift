internal import CSQLite

// What SQLite calls, and the objects of ours behind it. The text of a plan carries what the planner agreed
// upon to the walk: the used columns in hexadecimal, each condition as its column, comparison and whether it
// is a list, then words for people after a bar.

/// A table as it is handed to SQLite, with where errors go.
final class TableRegistration: ObjectBehind {
  let table: any VirtualTable
  /// Where an error that is more than a sentence is kept for who runs the statement.
  unowned let engine: SQLEngine

  init(_ table: any VirtualTable, _ engine: SQLEngine) {
    self.table = table
    self.engine = engine
  }

  /// The statement that tells SQLite the columns.
  var declaration: String {
    "CREATE TABLE x("
      + table.columns.map {
        SQLEngine.quoted($0.name) + " \($0.affinity.rawValue)" + ($0.isHidden ? " HIDDEN" : "")
      }.joined(separator: ", ") + ")"
  }
}

/// A walk, and whether it is over.
final class TableWalk: ObjectBehind {
  let registration: TableRegistration
  var source: (any RowSource)?
  /// The columns that are looked at; see ``PlanRequest/usedColumns``.
  private var usedColumns: UInt64 = .max
  /// How often a row of the same values was asked for its number.
  private var seen: [Int: Int] = [:]

  init(_ registration: TableRegistration) { self.registration = registration }

  /// Begins anew.
  func begin(_ source: any RowSource, usedColumns: UInt64) {
    self.source = source
    self.usedColumns = usedColumns
    seen.removeAll()
  }

  /// The number of the row: the same for the same row, however it was found.
  ///
  /// SQLite asks for it where it answers `a OR b` by one walk for each, to tell which rows it has had. It is a hash
  /// of the values that are looked at, and counts rows that are alike in them.
  func rowID() throws -> Int64 {
    let digest = SQLResult.Digest()
    let columns = registration.table.columns
    for index in columns.indices
    where !columns[index].isHidden && usedColumns & (1 << UInt64(min(index, 63))) != 0 {
      try source?.column(index, to: SQLResult(into: digest))
    }
    let hash = digest.hasher.finalize()
    let place = seen[hash, default: 0]
    seen[hash] = place + 1
    return Int64(hash &+ place)
  }
}

extension SQLEngine {
  /// Allocated once and for ever: SQLite keeps the pointer.
  static let module: SendablePointer<sqlite3_module> = {
    let module = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
    unsafe module.initialize(to: sqlite3_module())
    unsafe module.pointee.iVersion = 2
    unsafe module.pointee.xConnect = { database, registration, _, _, table, error in
      unsafe connect(database, registration, table, error)
    }
    unsafe module.pointee.xDisconnect = { table in unsafe disconnect(table) }
    unsafe module.pointee.xBestIndex = { table, info in unsafe bestIndex(table, info) }
    unsafe module.pointee.xOpen = { table, cursor in unsafe open(table, cursor) }
    unsafe module.pointee.xClose = { cursor in unsafe close(cursor) }
    unsafe module.pointee.xFilter = { cursor, _, text, count, values in
      unsafe filter(cursor, text, count, values)
    }
    unsafe module.pointee.xNext = { cursor in unsafe next(cursor) }
    unsafe module.pointee.xEof = { cursor in unsafe walk(cursor).source == nil ? 1 : 0 }
    unsafe module.pointee.xColumn = { cursor, context, index in
      unsafe column(cursor, context, index)
    }
    unsafe module.pointee.xRowid = { cursor, row in
      do {
        unsafe row?.pointee = try unsafe walk(cursor).rowID()
        return SQLITE_OK
      } catch { return unsafe fail(error, cursor) }
    }
    return unsafe SendablePointer(pointer: module)
  }()

  // MARK: - Objects behind pointers

  /// Ours begins with SQLite's own, so its address is the same.
  private static func box(
    _ table: UnsafeMutablePointer<sqlite3_vtab>?
  ) -> UnsafeMutablePointer<stocktake_vtab> {
    guard let table = unsafe table else { preconditionFailure("SQLite hands over a table") }
    return unsafe UnsafeMutableRawPointer(table).assumingMemoryBound(to: stocktake_vtab.self)
  }

  private static func box(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?
  ) -> UnsafeMutablePointer<stocktake_vtab_cursor> {
    guard let cursor = unsafe cursor else { preconditionFailure("SQLite hands over a cursor") }
    return unsafe UnsafeMutableRawPointer(cursor)
      .assumingMemoryBound(to: stocktake_vtab_cursor.self)
  }

  private static func registration(
    _ table: UnsafeMutablePointer<sqlite3_vtab>?
  ) -> TableRegistration {
    let box = unsafe box(table)
    return unsafe TableRegistration.behind(box.pointee.object)
  }

  private static func walk(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> TableWalk {
    let box = unsafe box(cursor)
    return unsafe TableWalk.behind(box.pointee.object)
  }

  private static func connect(
    _ database: OpaquePointer?, _ pointer: UnsafeMutableRawPointer?,
    _ table: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab>?>?,
    _ error: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  ) -> Int32 {
    let registration = unsafe TableRegistration.behind(pointer)
    registration.engine.isConnecting = true
    defer { registration.engine.isConnecting = false }
    let code = unsafe sqlite3_declare_vtab(database, registration.declaration)
    guard code == SQLITE_OK else { return code }
    unsafe stocktake_vtab_direct_only(database)
    let box = UnsafeMutablePointer<stocktake_vtab>.allocate(capacity: 1)
    unsafe box.initialize(to: stocktake_vtab())
    unsafe box.pointee.object = Unmanaged.passRetained(registration).toOpaque()
    unsafe table?.pointee = unsafe UnsafeMutableRawPointer(box)
      .assumingMemoryBound(to: sqlite3_vtab.self)
    return SQLITE_OK
  }

  private static func disconnect(_ table: UnsafeMutablePointer<sqlite3_vtab>?) -> Int32 {
    let box = unsafe box(table)
    unsafe TableRegistration.release(behind: box.pointee.object)
    unsafe box.deallocate()
    return SQLITE_OK
  }

  private static func open(
    _ table: UnsafeMutablePointer<sqlite3_vtab>?,
    _ cursor: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab_cursor>?>?
  ) -> Int32 {
    let walk = unsafe TableWalk(registration(table))
    let box = UnsafeMutablePointer<stocktake_vtab_cursor>.allocate(capacity: 1)
    unsafe box.initialize(to: stocktake_vtab_cursor())
    unsafe box.pointee.object = Unmanaged.passRetained(walk).toOpaque()
    unsafe cursor?.pointee = unsafe UnsafeMutableRawPointer(box)
      .assumingMemoryBound(to: sqlite3_vtab_cursor.self)
    return SQLITE_OK
  }

  private static func close(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Int32 {
    let box = unsafe box(cursor)
    unsafe TableWalk.release(behind: box.pointee.object)
    unsafe box.deallocate()
    return SQLITE_OK
  }

  /// Keeps an error for who runs the statement, and tells SQLite that there is one.
  private static func fail(
    _ error: any Error, _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?
  ) -> Int32 {
    let walk = unsafe walk(cursor)
    walk.registration.engine.failure = walk.registration.engine.failure ?? error
    walk.source = nil
    return SQLITE_ERROR
  }

  // MARK: - Planning

  private static func bestIndex(
    _ table: UnsafeMutablePointer<sqlite3_vtab>?, _ info: UnsafeMutablePointer<sqlite3_index_info>?
  ) -> Int32 {
    guard let info = unsafe info else { return SQLITE_ERROR }
    let registration = unsafe registration(table)
    let (request, places) = unsafe request(info)
    guard let plan = registration.table.plan(request) else { return SQLITE_CONSTRAINT }
    var text = String(request.usedColumns, radix: 16)
    for (index, use) in plan.uses.enumerated() {
      let condition = request.conditions[use.condition]
      let place = places[use.condition]
      unsafe info.pointee.aConstraintUsage[place].argvIndex = Int32(index + 1)
      unsafe info.pointee.aConstraintUsage[place].omit = use.isExact ? 1 : 0
      let isList = condition.isList && use.takesList
      if isList { unsafe sqlite3_vtab_in(info, Int32(place), 1) }
      text += " \(condition.column)\(condition.comparison.rawValue)\(isList ? "+" : "")"
    }
    unsafe info.pointee.idxStr = copied(text + "|" + plan.words)
    unsafe info.pointee.needToFreeIdxStr = 1
    unsafe info.pointee.estimatedCost = plan.cost
    unsafe info.pointee.estimatedRows = plan.rows
    unsafe info.pointee.orderByConsumed = plan.isOrdered && !request.ordering.isEmpty ? 1 : 0
    return SQLITE_OK
  }

  /// What the planner asks, and the places of its conditions among SQLite's own.
  private static func request(
    _ info: UnsafeMutablePointer<sqlite3_index_info>
  ) -> (PlanRequest, places: [Int]) {
    var conditions: [PlanRequest.Condition] = []
    var places: [Int] = []
    for place in 0..<Int(unsafe info.pointee.nConstraint) {
      let constraint = unsafe info.pointee.aConstraint[place]
      guard constraint.iColumn >= 0, let comparison = Comparison(constraint.op),
        unsafe String(cString: sqlite3_vtab_collation(info, Int32(place))) == "BINARY"
      else { continue }
      var value: OpaquePointer?
      let isKnown = unsafe sqlite3_vtab_rhs_value(info, Int32(place), &value) == SQLITE_OK
      let isList = unsafe sqlite3_vtab_in(info, Int32(place), -1) != 0 && comparison == .equal
      conditions.append(
        PlanRequest.Condition(
          column: Int(constraint.iColumn), comparison: comparison,
          isUsable: constraint.usable != 0,
          isList: isList,
          constant: isKnown ? unsafe SQLValue(value) : nil))
      places.append(place)
    }
    let ordering = (0..<Int(unsafe info.pointee.nOrderBy)).map { index in
      let term = unsafe info.pointee.aOrderBy[index]
      return (column: Int(term.iColumn), isDescending: term.desc != 0)
    }
    return unsafe (
      PlanRequest(
        conditions: conditions, ordering: ordering, usedColumns: info.pointee.colUsed), places
    )
  }

  /// A copy in SQLite's memory, which SQLite frees.
  private static func copied(_ text: String) -> UnsafeMutablePointer<CChar>? {
    let bytes = Array(text.utf8) + [0]
    guard let memory = unsafe sqlite3_malloc64(UInt64(bytes.count)) else { return nil }
    unsafe memory.copyMemory(from: bytes, byteCount: bytes.count)
    return unsafe memory.assumingMemoryBound(to: CChar.self)
  }

  // MARK: - Walking

  private static func filter(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?, _ text: UnsafePointer<CChar>?,
    _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
  ) -> Int32 {
    let walk = unsafe walk(cursor)
    walk.source = nil
    let agreed = unsafe text.map { unsafe String(cString: $0) } ?? ""
    let fields = agreed.prefix { $0 != "|" }.split(separator: " ")
    var bounds: [Bounds.Bound] = []
    for (index, field) in fields.dropFirst().enumerated() where index < count {
      let isList = field.last == "+"
      let column = field.prefix { $0.isNumber }
      guard let number = Int(column), let sign = field.dropFirst(column.count).first,
        let comparison = Comparison(rawValue: sign)
      else { return SQLITE_ERROR }
      let value = unsafe values?[index]
      bounds.append(
        Bounds.Bound(
          column: number, comparison: comparison,
          values: isList ? unsafe list(value) : [unsafe SQLValue(value)]))
    }
    let used = fields.first.flatMap { UInt64($0, radix: 16) } ?? .max
    do {
      walk.begin(
        try walk.registration.table.rows(Bounds(bounds: bounds, usedColumns: used)),
        usedColumns: used)
    } catch { return unsafe fail(error, cursor) }
    return unsafe next(cursor)
  }

  private static func list(_ value: OpaquePointer?) -> [SQLValue] {
    var values: [SQLValue] = []
    var one: OpaquePointer?
    var code = unsafe sqlite3_vtab_in_first(value, &one)
    while code == SQLITE_OK, unsafe one != nil {
      values.append(unsafe SQLValue(one))
      code = unsafe sqlite3_vtab_in_next(value, &one)
    }
    return values
  }

  private static func next(_ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?) -> Int32 {
    let walk = unsafe walk(cursor)
    do {
      try walk.registration.engine.checkTime()
      if try walk.source?.next() != true { walk.source = nil }
      return SQLITE_OK
    } catch { return unsafe fail(error, cursor) }
  }

  private static func column(
    _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?, _ context: OpaquePointer?, _ index: Int32
  ) -> Int32 {
    do {
      try unsafe walk(cursor).source?.column(Int(index), to: SQLResult(context))
      return SQLITE_OK
    } catch { return unsafe fail(error, cursor) }
  }
}

extension Comparison {
  /// SQLite's number of a comparison; nil for those that are left to it.
  fileprivate init?(_ number: UInt8) {
    switch Int32(number) {
    case SQLITE_INDEX_CONSTRAINT_EQ: self = .equal
    case SQLITE_INDEX_CONSTRAINT_GT: self = .greater
    case SQLITE_INDEX_CONSTRAINT_GE: self = .atLeast
    case SQLITE_INDEX_CONSTRAINT_LT: self = .less
    case SQLITE_INDEX_CONSTRAINT_LE: self = .atMost
    case SQLITE_INDEX_CONSTRAINT_LIKE: self = .like
    case SQLITE_INDEX_CONSTRAINT_GLOB: self = .glob
    default: return nil
    }
  }
}

/// A pointer that is never freed nor written to, so that any thread may have it.
@safe struct SendablePointer<Pointee>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Pointee>
}
