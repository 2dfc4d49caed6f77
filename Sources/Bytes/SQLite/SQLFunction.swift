internal import CSQLite

/// A function of SQL: from values to one.
package struct SQLFunction: Sendable {
  package let name: String
  /// How many arguments it takes; nil for any number.
  package let argumentCount: Int?
  let body: @Sendable ([SQLValue]) throws(SQLError) -> SQLValue

  /// - Parameter body: must give the same value for the same arguments.
  package init(
    _ name: String, _ argumentCount: Int?,
    _ body: @escaping @Sendable ([SQLValue]) throws(SQLError) -> SQLValue
  ) {
    self.name = name
    self.argumentCount = argumentCount
    self.body = body
  }
}

/// What becomes of many values: a fold.
package struct SQLAggregate: Sendable {
  package let name: String
  package let argumentCount: Int?
  let start: @Sendable () -> any SQLFold

  package init(
    _ name: String, _ argumentCount: Int?, _ start: @escaping @Sendable () -> any SQLFold
  ) {
    self.name = name
    self.argumentCount = argumentCount
    self.start = start
  }
}

/// An aggregate of one group.
package protocol SQLFold: AnyObject {
  /// Takes the arguments of one row.
  func take(_ arguments: [SQLValue]) throws(SQLError)
  /// What becomes of those that were taken.
  var value: SQLValue { get }
}

private final class FoldStart: ObjectBehind {
  let aggregate: SQLAggregate
  init(_ aggregate: SQLAggregate) { self.aggregate = aggregate }
}

private final class FunctionBody: ObjectBehind {
  let function: SQLFunction
  init(_ function: SQLFunction) { self.function = function }
}

private final class FoldBox: ObjectBehind {
  let fold: any SQLFold
  init(_ fold: any SQLFold) { self.fold = fold }
}

extension SQLEngine {
  /// Adds a function.
  ///
  /// Calls `sqlite3_create_function_v2`.
  package func add(_ function: SQLFunction) {
    let body = unsafe Unmanaged.passRetained(FunctionBody(function)).toOpaque()
    unsafe sqlite3_create_function_v2(
      database, function.name, Int32(function.argumentCount ?? -1),
      SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, body,
      { context, count, values in
        let body = unsafe FunctionBody.behind(sqlite3_user_data(context))
        let result = unsafe SQLResult(context)
        do throws(SQLError) {
          result.set(try body.function.body(unsafe SQLEngine.arguments(count, values)))
        } catch { result.fail(error.message) }
      }, nil, nil, { unsafe FunctionBody.release(behind: $0) })
  }

  /// Adds an aggregate.
  ///
  /// Calls `sqlite3_create_function_v2`.
  package func add(_ aggregate: SQLAggregate) {
    let start = unsafe Unmanaged.passRetained(FoldStart(aggregate)).toOpaque()
    unsafe sqlite3_create_function_v2(
      database, aggregate.name, Int32(aggregate.argumentCount ?? -1),
      SQLITE_UTF8 | SQLITE_INNOCUOUS, start, nil,
      { context, count, values in
        guard let slot = unsafe SQLEngine.slot(context, makes: true) else { return }
        if unsafe slot.pointee == nil {
          let start = unsafe FoldStart.behind(sqlite3_user_data(context))
          unsafe slot.pointee =
            unsafe Unmanaged.passRetained(FoldBox(start.aggregate.start())).toOpaque()
        }
        let box = unsafe FoldBox.behind(slot.pointee)
        do throws(SQLError) { try box.fold.take(unsafe SQLEngine.arguments(count, values)) } catch {
          unsafe SQLResult(context).fail(error.message)
        }
      },
      { context in
        let result = unsafe SQLResult(context)
        guard let slot = unsafe SQLEngine.slot(context, makes: false),
          let pointer = unsafe slot.pointee
        else {
          let start = unsafe FoldStart.behind(sqlite3_user_data(context))
          return result.set(start.aggregate.start().value)
        }
        let box = unsafe Unmanaged<FoldBox>.fromOpaque(pointer).takeRetainedValue()
        unsafe slot.pointee = nil
        result.set(box.fold.value)
      }, { unsafe FoldStart.release(behind: $0) })
  }

  /// Where an aggregate keeps its fold between two rows.
  private static func slot(
    _ context: OpaquePointer?, makes: Bool
  ) -> UnsafeMutablePointer<UnsafeMutableRawPointer?>? {
    let size = unsafe MemoryLayout<UnsafeMutableRawPointer?>.size
    let memory = unsafe sqlite3_aggregate_context(context, makes ? Int32(size) : 0)
    return unsafe memory?.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
  }

  private static func arguments(
    _ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?
  ) -> [SQLValue] {
    (0..<Int(count)).map { index in unsafe SQLValue(values?[index]) }
  }
}
