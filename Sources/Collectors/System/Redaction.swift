/// Takes out of a command line what may be a secret.
///
/// It errs on the side of taking out too much: what looks like a secret is one.
enum Redaction {
  /// What stands in the place of a secret.
  static let mark = "[redacted]"

  /// Words of an option's or variable's name that say that its value is a secret.
  private static let words = [
    "password", "passwd", "passphrase", "passcode", "pwd", "pass", "secret", "token", "apikey",
    "credential", "auth", "bearer", "private", "cookie", "session", "signature", "accesskey", "key",
    "salt", "license", "dsn",
  ]

  /// The words of a command line, joined by blanks, without secrets.
  static func line(_ words: [String]) -> String {
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

  /// A word without its secret, and whether the next word is one.
  private static func option(_ word: String) -> (shown: String, asksForNext: Bool) {
    if word.contains(where: \.isWhitespace) {
      // One argument that is a command line itself, as of "sh -c".
      return (line(word.split(whereSeparator: \.isWhitespace).map(String.init)), false)
    }
    if let equals = word.firstIndex(where: { $0 == "=" || $0 == ":" }) {
      let name = word[..<equals]
      if !name.contains("/"), isSecret(String(name)) {
        let hasValue = word.index(after: equals) < word.endIndex
        return (name + String(word[equals]) + (hasValue ? mark : ""), !hasValue)
      }
    }
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
    return (redacted(word), false)
  }

  /// Whether a name says that what follows is a secret.
  private static func isSecret(_ name: String) -> Bool {
    let plain = name.lowercased().filter { $0.isLetter }
    return plain.count <= 64 && words.contains { plain.contains($0) }
  }

  /// A word without what stands between "//" and "@" in it, or without all of it where it is long and
  /// has letters and digits mixed as only keys have.
  private static func redacted(_ word: String) -> String {
    if let scheme = word.firstRange(of: "://"),
      let at = word[scheme.upperBound...].lastIndex(of: "@")
    {
      return String(word[..<scheme.upperBound]) + mark + String(word[at...])
    }
    return looksRandom(word) ? mark : word
  }

  private static func looksRandom(_ word: String) -> Bool {
    let value = word.split(separator: "=").last ?? ""
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
