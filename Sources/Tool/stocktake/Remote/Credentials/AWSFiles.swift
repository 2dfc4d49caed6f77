import Collectors
import Foundation
import Inventory
import JSONTape

/// Files that settings of AWS name.
enum AWSFiles {
  /// The path with the home folder for `~`, from the root.
  static func path(_ text: String) -> String {
    if text == "~" || text.hasPrefix("~/") {
      return (environmentValue("HOME") ?? "") + text.dropFirst()
    }
    return text.hasPrefix("/") ? text : FileManager.default.currentDirectoryPath + "/" + text
  }

  /// Whether there is something of that name.
  static func isThere(_ file: String) -> Bool {
    FileManager.default.fileExists(atPath: path(file))
  }

  /// The bytes of a regular file; throws what the system says of it.
  static func bytes(_ file: String, max: Int) throws(CollectorError) -> [UInt8] {
    try Machine().bytes(of: String(path(file).drop { $0 == "/" }), max: max)
  }

  /// The text of a file that holds one secret, without blanks around it.
  static func secret(_ file: String, max: Int) throws -> String {
    let bytes: [UInt8]
    do { bytes = try self.bytes(file, max: max) } catch { throw CredentialFailure(error.message) }
    let text = String(decoding: bytes, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard !text.isEmpty else { throw CredentialFailure("\(file) is empty") }
    return text
  }

  /// A document in a file.
  static func document(_ file: String, max: Int) throws -> JSONValue {
    let bytes: [UInt8]
    do { bytes = try self.bytes(file, max: max) } catch { throw CredentialFailure(error.message) }
    guard let value = try? JSONValue(parsing: bytes.span.bytes) else {
      throw CredentialFailure("\(file) is no JSON")
    }
    return value
  }
}
