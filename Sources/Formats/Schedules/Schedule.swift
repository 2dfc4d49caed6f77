/// When an association runs: `rate(12 hours)` or `cron(0 2 ? * SUN *)`.
///
/// The agent keeps time; the server checks what it is told, and knows how long a rate lasts.
package enum Schedule: Equatable, Sendable {
  /// Seconds between two runs.
  case rate(Int64)
  /// The fields of a cron expression: minutes, hours, day of month, month, day of week, year.
  case cron([String])

  /// The shortest rate.
  ///
  /// Source: the service's guide.
  package static let secondsMin: Int64 = 30 * 60

  /// Bytes of an expression.
  ///
  /// Source: the service's model.
  static let bytesMax = 256

  /// Nil for anything else than the two forms.
  package init?(_ text: String) {
    if let inner = Self.inside(text, "rate") {
      let words = inner.split(separator: " ")
      let units: [Substring: Int64] = [
        "minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86400, "days": 86400,
      ]
      guard words.count == 2, let count = Int64(words[0]), (1...100_000).contains(count),
        let unit = units[words[1]]
      else { return nil }
      self = .rate(count * unit)
      return
    }
    guard let inner = Self.inside(text, "cron") else { return nil }
    let fields = inner.split(separator: " ").map(String.init)
    guard inner.utf8.count <= Self.bytesMax, CronTimes(fields) != nil else { return nil }
    self = .cron(fields)
  }

  private static func inside(_ text: String, _ word: String) -> Substring? {
    guard text.hasPrefix(word + "("), text.hasSuffix(")") else { return nil }
    return text.dropFirst(word.count + 1).dropLast()
  }
}
