import Files

/// The two files in which the tools of AWS keep profiles.
struct SharedConfig {
  /// The values of a section by their names in lower case; those of indented lines as `name.inner`.
  typealias Section = [String: String]

  /// Bytes of one file.
  private static let fileBytesMax = 1 << 20

  let configPath: String
  let credentialsPath: String
  /// Profiles of the file of settings.
  private(set) var config: [String: Section] = [:]
  /// Profiles of the file of keys, which counts first.
  private(set) var credentials: [String: Section] = [:]
  /// Sections `[sso-session NAME]`.
  private(set) var sessions: [String: Section] = [:]
  /// Sections `[services NAME]`.
  private(set) var services: [String: Section] = [:]

  /// Those that the environment names, else those in the home folder; one that is not there is empty.
  static func ofUser() throws -> SharedConfig {
    try SharedConfig(
      configPath: environmentValue("AWS_CONFIG_FILE") ?? "~/.aws/config",
      credentialsPath: environmentValue("AWS_SHARED_CREDENTIALS_FILE") ?? "~/.aws/credentials")
  }

  init(configPath: String, credentialsPath: String) throws {
    self.configPath = AWSFiles.path(configPath)
    self.credentialsPath = AWSFiles.path(credentialsPath)
    for (name, section) in try Self.sections(of: self.configPath) {
      if name == "default" {
        config[name, default: [:]].merge(section) { _, new in new }
        continue
      }
      let words = ShellWords.split(name) ?? []
      guard words.count == 2 else { continue }
      switch words[0] {
      case "profile": config[words[1], default: [:]].merge(section) { _, new in new }
      case "sso-session": sessions[words[1]] = section
      case "services": services[words[1]] = section
      default: continue
      }
    }
    for (name, section) in try Self.sections(of: self.credentialsPath) {
      credentials[name, default: [:]].merge(section) { _, new in new }
    }
  }

  /// What both files say of a profile; nil where neither has it.
  func profile(_ name: String) -> Section? {
    guard config[name] != nil || credentials[name] != nil else { return nil }
    return (config[name] ?? [:]).merging(credentials[name] ?? [:]) { _, key in key }
  }

  private static func sections(of path: String) throws -> [(name: String, section: Section)] {
    guard AWSFiles.isThere(path) else { return [] }
    let bytes: [UInt8]
    do { bytes = try AWSFiles.bytes(path, max: fileBytesMax) } catch {
      throw ClientError(.file, error.description)
    }
    var reader = SectionReader()
    let lines = String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (index, line) in lines.enumerated() {
      guard reader.read(line) else {
        throw ClientError(
          .file, "\(path), line \(index + 1) is neither [SECTION] nor NAME = VALUE")
      }
    }
    return reader.sections
  }
}

/// Reads the lines of such a file.
private struct SectionReader {
  private(set) var sections: [(name: String, section: SharedConfig.Section)] = []
  /// The name of the value that was read last, and whether it had no text.
  private var last: (name: String, isEmpty: Bool)?

  /// Takes the next line; false for one that is none.
  mutating func read(_ line: Substring) -> Bool {
    let text = line.trimmedBlanks
    guard let first = text.first, first != "#", first != ";" else { return true }
    if first == "[" {
      guard let end = text.lastIndex(of: "]") else { return false }
      sections.append((String(text[text.index(after: text.startIndex)..<end].trimmedBlanks), [:]))
      last = nil
      return true
    }
    guard !sections.isEmpty else { return false }
    let isInner = line.first?.isWhitespace == true
    // More of a value of several lines; none of those that are looked at here.
    if isInner, last?.isEmpty == false { return true }
    guard let mark = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else { return false }
    let name = text[..<mark].trimmedBlanks.lowercased()
    let value = String(text[text.index(after: mark)...].trimmedBlanks)
    if isInner, let last {
      sections[sections.count - 1].section["\(last.name).\(name)"] = value
    } else {
      sections[sections.count - 1].section[name] = value
      last = (name, value.isEmpty)
    }
    return true
  }
}

extension Substring {
  /// Without blanks at both ends.
  var trimmedBlanks: Substring {
    var text = drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
