import Files
import FoundationEssentials
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
  ///
  /// A pipe is refused, because reading it could wait forever.
  static func bytes(_ file: String, max: Int) throws(CredentialFailure) -> [UInt8] {
    let path = path(file)
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let type = try? FileManager.default.attributesOfItem(atPath: resolved)[.type]
    if let type = type as? FileAttributeType, type != .typeRegular, type != .typeDirectory {
      throw CredentialFailure("\(path) is no regular file")
    }
    do throws(FileError) { return try Files.read(path, bytesMax: max) } catch {
      throw CredentialFailure(
        error.code == 0
          ? "\(path) has more than \(max) bytes" : "\(path): \(Files.sentence(error.code))")
    }
  }

  /// The text of a file that holds one secret, without blanks around it.
  static func secret(_ file: String, max: Int) throws -> String {
    let bytes = try bytes(file, max: max)
    let text = String(String(decoding: bytes, as: UTF8.self)[...].trimmedBlanks)
    guard !text.isEmpty else { throw CredentialFailure("\(file) is empty") }
    return text
  }

  /// A document in a file.
  static func document(_ file: String, max: Int) throws -> JSONValue {
    let bytes = try bytes(file, max: max)
    guard let value = try? JSONValue(parsing: bytes) else {
      throw CredentialFailure("\(file) is no JSON")
    }
    return value
  }
}
