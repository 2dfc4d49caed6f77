import Collectors
import JSONTape

/// Reads JSON of other programs.
struct JSONDocument {
  private let parser = TapeParser(maxDepth: JSONValue.depthMax)

  /// One value; throws where the bytes are no JSON, too many, or nested too deep.
  func value(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
    guard bytes.count <= ImportLimits.lineBytes else {
      throw CollectorError("it has more than \(ImportLimits.lineBytes) bytes")
    }
    try parser.parse(unsafe bytes.span.bytes)
    return JSONValue(parser.tape)
  }

  /// The value that a file is, plain or packed; throws what names the file.
  ///
  /// A mark of the encoding is passed over. Characters that JSON does not have are replaced, which
  /// becomes a warning.
  static func value(
    ofFileAt path: String, _ warnings: inout Warnings
  ) throws(CollectorError) -> JSONValue {
    let packed = try CompressedFile.bytes(ofFileAt: path, atMost: ImportLimits.documentBytes)
    return try value(of: ByteOrderMark.removed(from: packed)[...], path: path, &warnings)
  }

  /// The value that a text is; as ``value(ofFileAt:_:)``.
  static func value(
    of bytes: ArraySlice<UInt8>, path: String, _ warnings: inout Warnings
  ) throws(CollectorError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: bytes)
    } catch {
      let failure = CollectorError("\(path) is no JSON document: \(error)")
      let repaired = RepairedText(bytes, .json)
      guard let lines = repaired.lines.text else { throw failure }
      do throws(JSONError) {
        let value = try JSONValue(parsing: repaired.bytes)
        warnings.add("\(path): lines with characters that JSON does not have, replaced: \(lines)")
        return value
      } catch {
        throw failure
      }
    }
  }
}

extension JSONValue {
  /// A string, or the text of another value; nil for null.
  var plainText: String? {
    switch self {
    case .null: nil
    case .string(let text): text
    default: compact
    }
  }

  /// The members of an object; nil for any other value.
  var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The elements of an array; nil for any other value.
  var elements: [JSONValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// A string; nil for any other value.
  var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// A whole number, also where it is written as a string.
  var whole: Int64? {
    switch self {
    case .integer(let number): number
    case .number(let number): Int64(exactly: number)
    case .string(let text): Int64(text)
    default: nil
    }
  }
}
