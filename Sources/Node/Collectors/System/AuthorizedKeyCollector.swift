import Digests
import FoundationEssentials
public import Inventory

/// The keys with which users may log in by SSH: their fingerprints, never the keys.
public struct AuthorizedKeyCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:AuthorizedKey`.
  public var type: TypeName { .authorizedKey }

  /// Bytes of a user's file.
  private static let bytesMax = 4 << 20

  /// One item for each line of each user's file; throws where `etc/passwd` cannot be read.
  ///
  /// Users may share a home directory; each has the keys of its file. Other places that sshd's
  /// configuration may name are not looked at.
  public func collect(from machine: Machine) throws -> [Item] {
    try machine.accounts().users.flatMap { user in
      ["authorized_keys", "authorized_keys2"].flatMap { name -> [Item] in
        let home = String(user.home.drop { $0 == "/" })
        let path = "\(home)/.ssh/\(name)"
        guard machine.exists(path) else { return [] }
        do {
          let bytes = try machine.bytes(of: path, max: Self.bytesMax)
          return items(of: bytes, user: user.name, path: "/" + path)
        } catch {
          machine.warn(String(describing: error))
          return []
        }
      }
    }
  }

  private func items(of bytes: [UInt8], user: String, path: String) -> [Item] {
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    var seen: Set<String> = []
    return lines.compactMap { line in
      guard let key = KeyLine(line.trimmed), seen.insert(key.fingerprint).inserted else {
        return nil
      }
      var values = [
        "User": user, "Fingerprint": key.fingerprint, "KeyType": key.kind, "Path": path,
      ]
      if !key.comment.isEmpty { values["Comment"] = text(cutTo: 1000, key.comment) }
      if !key.options.isEmpty {
        values["Options"] = text(cutTo: 1000, key.options.joined(separator: ","))
      }
      return Item(values)
    }
  }
}

/// A line of sshd's AUTHORIZED_KEYS FILE FORMAT: options, kind, key, comment.
private struct KeyLine {
  let kind: String
  /// As `ssh-keygen -l` prints it: the SHA-256 of the key in base 64 without padding.
  let fingerprint: String
  let comment: String
  /// The names of the options; what they are set to may be a command with secrets in it.
  let options: [String]

  init?(_ line: String) {
    guard !line.isEmpty, line.first != "#" else { return nil }
    var words = Self.words(line)
    var options = ""
    if let first = words.first, !Self.isKind(first) {
      options = first
      words.removeFirst()
    }
    guard words.count >= 2, Self.isKind(words[0]), let key = Data(base64Encoded: words[1]) else {
      return nil
    }
    let bytes = [UInt8](key)
    let digest = unsafe SHA256().digest(bytes.span.bytes)
    kind = words[0]
    fingerprint = "SHA256:" + Data(digest.bytes).base64EncodedString().prefix { $0 != "=" }
    comment = words.dropFirst(2).joined(separator: " ")
    self.options = Self.split(options, at: ",").map { option in
      String(option.prefix { $0 != "=" })
    }
  }

  private static func isKind(_ word: String) -> Bool {
    word.hasPrefix("ssh-") || word.hasPrefix("ecdsa-") || word.hasPrefix("sk-")
  }

  /// Parts between blanks that do not stand in quotation marks.
  private static func words(_ line: String) -> [String] { split(line, at: " ", "\t") }

  private static func split(_ line: String, at separators: Character...) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    var last: Character?
    for character in line {
      if character == "\"", last != "\\" { isQuoted.toggle() }
      if !isQuoted, separators.contains(character) {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
      last = character
    }
    if !word.isEmpty { words.append(word) }
    return words
  }
}
