import Inventory

/// What became of each collector, as a type of its own: a failure has a history too.
///
/// Nothing in it moves while collectors do the same, so it has no durations and no counts.
enum CollectorStatus {
  /// One item for each source.
  static func entry(of found: [Collected], at time: Instant) -> Report.Entry {
    let items = found.map { source in
      var values = ["Name": source.source, "Status": status(of: source)]
      values["Message"] = source.failure ?? source.warnings.first
      values["TypeName"] = source.type?.text
      values["Message"] = values["Message"].map { text(cutTo: 1000, $0) }
      return Item(values)
    }
    return Report.Entry(type: .collectorStatus, captureTime: time, content: items)
  }

  private static func status(of source: Collected) -> String {
    if source.failure != nil { return source.isUnavailable ? "Unavailable" : "Failed" }
    return source.warnings.isEmpty ? "Success" : "Partial"
  }
}

/// A text of so many bytes at most, never cut inside a character.
package func text(cutTo bytesMax: Int, _ text: String) -> String {
  guard text.utf8.count > bytesMax else { return text }
  var end = text.utf8.index(text.utf8.startIndex, offsetBy: bytesMax)
  while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
  return String(text[..<end])
}
