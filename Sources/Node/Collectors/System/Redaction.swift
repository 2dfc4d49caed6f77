/// Takes out of a command line what may be a secret.
///
/// It errs on the side of taking out too much: what looks like a secret is one.
package enum Redaction {
  /// What stands in the place of a secret.
  package static let mark = "[redacted]"

  /// Words of an option's or variable's name that say that its value is a secret.
  private static let words = [
    "password", "passwd", "passphrase", "passcode", "pwd", "pass", "secret", "token", "apikey",
    "credential", "auth", "bearer", "private", "cookie", "session", "signature", "accesskey", "key",
    "salt", "license", "dsn",
  ]

  /// The words of a command line, joined by blanks, without secrets.
  package static func line(_ words: [String]) -> String {
    var hidesNext = false
    return words.map { word in
      if hidesNext {
        hidesNext = false
        // "--password --verbose": the next word is an option of its own.
        if !word.hasPrefix("--") { return mark }
      }
      let (shown, asksForNext) = option(word)
      hidesNext = asksForNext
      return shown
    }.joined(separator: " ")
  }

  /// A command line as someone wrote it, without secrets; what stands in quotation marks is one word.
  package static func line(_ command: String) -> String { line(words(of: command)) }

  /// The words of a command line, with their quotation marks.
  private static func words(of command: String) -> [String] {
    var words: [String] = []
    var word = ""
    var quote: Character?
    var isEscaped = false
    for character in command {
      if quote == nil, !isEscaped, character.isWhitespace {
        if !word.isEmpty { words.append(word) }
        word = ""
        continue
      }
      word.append(character)
      if isEscaped {
        isEscaped = false
      } else if character == "\\", quote != "'" {
        isEscaped = true
      } else if character == quote {
        quote = nil
      } else if quote == nil, character == "\"" || character == "'" {
        quote = character
      }
    }
    // A mark that nothing closes is an apostrophe.
    if quote != nil { return command.split(whereSeparator: \.isWhitespace).map(String.init) }
    if !word.isEmpty { words.append(word) }
    return words
  }

  /// A word without its secret, and whether the next word is one.
  private static func option(_ word: String) -> (shown: String, asksForNext: Bool) {
    // First of all: a password before "@" may look like the name of a secret behind it.
    let word = withoutUsers(word)
    if let start = valueOfSecret(in: word) {
      let hasValue = start < word.endIndex
      return (word[..<start] + (hasValue ? mark : ""), !hasValue)
    }
    if word.contains(where: \.isWhitespace) { return (inner(word), false) }
    if word.hasPrefix("-") {
      let name = word.drop { $0 == "-" }
      if isSecret(String(name)) { return (word, true) }
      // "-psecret", as of mysql; "-p" alone may be a port, but may be a password too.
      if !word.hasPrefix("--"), name.first == "p", Int(name.dropFirst()) == nil {
        return name.count == 1 ? (word, true) : ("-p" + mark, false)
      }
      if !word.hasPrefix("--"), name == "u" || name == "U" { return (word, true) }
    } else if isSecret(word), word.allSatisfy({ $0.isLetter }) {
      // "set token abc", "Bearer abc".
      return (word, true)
    }
    return (looksRandom(word) ? mark : word, false)
  }

  /// One argument that is a command line itself, as of "sh -c".
  private static func inner(_ word: String) -> String {
    if let quote = word.first, quote == word.last, word.count > 1, quote == "\"" || quote == "'" {
      return "\(quote)\(line(String(word.dropFirst().dropLast())))\(quote)"
    }
    let inner = words(of: word)
    let isWhole = inner.count == 1
    return line(isWhole ? word.split(whereSeparator: \.isWhitespace).map(String.init) : inner)
  }

  /// Where the value begins of a name that says that it is a secret: behind "=" or ":".
  ///
  /// The name may be one of several, as in `user=me,password=x`, `?id=1&token=x` and
  /// `Acquire::https::Password=x`.
  private static func valueOfSecret(in word: String) -> String.Index? {
    var start = word.startIndex
    for index in word.indices {
      let character = word[index]
      if character == "=" || character == ":" {
        let name = word[start..<index]
        if !name.contains("/"), isSecret(String(name)) { return word.index(after: index) }
      }
      if "=:,;&?".contains(character) || character.isWhitespace {
        start = word.index(after: index)
      }
    }
    return nil
  }

  /// Whether a name says that what follows is a secret.
  private static func isSecret(_ name: String) -> Bool {
    let plain = name.lowercased().filter { $0.isLetter }
    return plain.count <= 64 && words.contains { plain.contains($0) }
  }

  /// A word without what stands between "://" and "@" in it.
  private static func withoutUsers(_ word: String) -> String {
    guard word.contains("://") else { return word }
    return word.split(separator: " ", omittingEmptySubsequences: false).map { part in
      guard let scheme = part.firstRange(of: "://"),
        let at = part[scheme.upperBound...].lastIndex(of: "@")
      else { return String(part) }
      return part[..<scheme.upperBound] + mark + part[at...]
    }.joined(separator: " ")
  }

  /// Whether a word is long and has letters and digits mixed as only keys have.
  private static func looksRandom(_ word: String) -> Bool {
    let value = (word.split(separator: "=").last ?? "").filter { !"\"'".contains($0) }
    guard value.utf8.count >= 20, !value.contains("/") || value.utf8.count >= 40,
      value.utf8.allSatisfy({ byte in
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
          || "+/_-=".utf8.contains(byte)
      })
    else { return false }
    // How often it goes from letters to digits and back: words and paths hardly do.
    var turns = 0
    var last = 0
    for byte in value.utf8 {
      let kind =
        (48...57).contains(byte)
        ? 1 : (65...90).contains(byte) ? 2 : (97...122).contains(byte) ? 3 : 0
      if kind != 0, last != 0, kind != last { turns += 1 }
      if kind != 0 { last = kind }
    }
    return turns * 4 >= value.utf8.count
  }
}
