/// How answers are packed on their way.
enum ContentCoding {
  /// Whether a client that sent this Accept-Encoding takes gzip.
  ///
  /// Source: RFC 9110, 12.5.3.
  static func takesGzip(_ field: String?) -> Bool {
    var star = false
    for part in (field ?? "").split(separator: ",") {
      let words = part.lowercased().filter { $0 != " " && $0 != "\t" }.split(separator: ";")
      let weight = words.dropFirst().first { $0.hasPrefix("q=") }?.dropFirst(2) ?? "1"
      let isWanted = (Double(weight) ?? 0) > 0
      switch words.first {
      case "gzip", "x-gzip": return isWanted
      case "*": star = isWanted
      default: break
      }
    }
    return star
  }
}
