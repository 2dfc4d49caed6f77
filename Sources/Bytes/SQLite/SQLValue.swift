internal import CSQLite

/// A value as SQLite has it.
package enum SQLValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])

  /// A text; nil as NULL.
  package init(_ text: String?) { self = text.map(SQLValue.text) ?? .null }

  /// The value as text, as a cast would give it; nil for NULL and for bytes.
  package var asText: String? {
    switch self {
    case .null, .blob: nil
    case .integer(let number): String(number)
    case .real(let number): String(number)
    case .text(let text): text
    }
  }

  /// The value as a whole number, where it is one or a text of one.
  package var asInteger: Int64? {
    switch self {
    case .integer(let number): number
    case .real(let number): Int64(exactly: number)
    case .text(let text): Int64(text)
    case .null, .blob: nil
    }
  }
}

extension SQLValue {
  /// Copies a value that SQLite hands over.
  init(_ value: OpaquePointer?) {
    switch unsafe sqlite3_value_type(value) {
    case SQLITE_INTEGER: self = unsafe .integer(sqlite3_value_int64(value))
    case SQLITE_FLOAT: self = unsafe .real(sqlite3_value_double(value))
    case SQLITE_TEXT:
      let bytes = unsafe sqlite3_value_text(value)
      let count = unsafe Int(sqlite3_value_bytes(value))
      self = unsafe .text(
        String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
    case SQLITE_BLOB:
      let bytes = unsafe sqlite3_value_blob(value)
      let count = unsafe Int(sqlite3_value_bytes(value))
      self = unsafe .blob(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
    default: self = .null
    }
  }
}

/// Where the result of a function, or a column of a virtual table, goes.
///
/// It cannot be copied and only be borrowed, so that it does not outlive the call: which makes it safe.
@safe package struct SQLResult: ~Copyable {
  /// Takes values where no call of SQLite's is waiting for one.
  final class Digest {
    var hasher = Hasher()
  }

  private let context: OpaquePointer?
  private let digest: Digest?

  init(_ context: OpaquePointer?) {
    unsafe self.context = context
    digest = nil
  }

  init(into digest: Digest) {
    unsafe context = nil
    self.digest = digest
  }

  /// NULL.
  package func setNull() {
    if let digest { return digest.hasher.combine(0) }
    unsafe sqlite3_result_null(context)
  }

  /// A whole number.
  package func set(_ number: Int64) {
    if let digest { return digest.hasher.combine(number) }
    unsafe sqlite3_result_int64(context, number)
  }

  /// A text that is UTF-8; copied.
  package func set(utf8 bytes: [UInt8]) {
    if let digest { return digest.hasher.combine(bytes) }
    // A null pointer would be NULL, and no text.
    guard !bytes.isEmpty else {
      return unsafe sqlite3_result_text64(context, "", 0, Self.transient, UInt8(SQLITE_UTF8))
    }
    unsafe bytes.withUnsafeBytes { buffer in
      unsafe sqlite3_result_text64(
        context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64(buffer.count),
        Self.transient, UInt8(SQLITE_UTF8))
    }
  }

  /// A value; copied.
  package func set(_ value: SQLValue) {
    switch value {
    case .null: setNull()
    case .integer(let number): set(number)
    case .real(let number):
      if let digest { return digest.hasher.combine(number) }
      unsafe sqlite3_result_double(context, number)
    case .text(let text): set(utf8: Array(text.utf8))
    case .blob(let bytes):
      if let digest { return digest.hasher.combine(bytes) }
      unsafe bytes.withUnsafeBytes {
        unsafe sqlite3_result_blob64(
          context, $0.baseAddress, UInt64($0.count), Self.transient)
      }
    }
  }

  /// The call failed, with one sentence.
  func fail(_ sentence: String) { unsafe sqlite3_result_error(context, sentence, -1) }

  /// Tells SQLite to copy what it is given.
  static let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
