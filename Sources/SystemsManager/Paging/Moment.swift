import HistoryStore
import Inventory

/// The times that a question is about: the reserved filter keys, and what a page token remembers.
struct Moment: Sendable, Equatable {
  /// The valid time; nil for the newest.
  var at: Instant?
  /// The recorded time; nil for all that is known.
  var knownAt: Instant?
  /// Only nodes or items that changed at or after this valid time.
  var changedSince: Instant?
  /// What was known when the first page was asked for.
  var through: SequenceNumber?
  /// When the first page was asked for.
  var asked: Instant

  /// The keys that this server reserves among those of filters.
  static let keyPrefix = "Stocktake:"

  /// Takes a reserved filter; false for one that is not reserved.
  mutating func take(
    key: String, values: [String], type: String?
  ) throws(ServiceError) -> Bool {
    guard key.hasPrefix(Self.keyPrefix) else { return false }
    guard type == nil || type == "Equal" || type == "EQUAL", values.count == 1 else {
      throw ServiceError("InvalidFilter", "\(key) takes one value, of type Equal.")
    }
    guard let time = Self.time(values[0]) else {
      throw ServiceError(
        "InvalidFilter",
        "\(key) takes a time such as 2026-03-03T00:00:00Z, not '\(values[0])'.")
    }
    switch key {
    case "Stocktake:At": at = time
    case "Stocktake:KnownAt": knownAt = time
    case "Stocktake:ChangedSince": changedSince = time
    default:
      throw ServiceError(
        "InvalidFilter",
        "\(key) is not known: there are Stocktake:At, Stocktake:KnownAt, Stocktake:ChangedSince.")
    }
    return true
  }

  /// The time in RFC 3339, in UTC or with an offset, or a day alone: its beginning in UTC.
  static func time(_ text: String) -> Instant? {
    if let instant = Instant(captureTime: text) { return instant }
    if text.utf8.count == 10 { return Instant(captureTime: text + "T00:00:00Z") }
    guard text.utf8.count > 19 else { return nil }
    let (local, zone) = (String(text.prefix(19)), text.dropFirst(19))
    guard let base = Instant(captureTime: local + "Z") else { return nil }
    let fraction = zone.prefix { $0 == "." || $0.isASCII && $0.isNumber }
    guard fraction.isEmpty || (fraction.first == "." && (2...10).contains(fraction.count)),
      let milliseconds = fraction.isEmpty ? 0 : Double("0" + fraction).map({ Int64($0 * 1000) }),
      let offset = offset(zone.dropFirst(fraction.count))
    else { return nil }
    return Instant(milliseconds: base.milliseconds + milliseconds - offset * 1000)
  }

  /// Seconds east of Greenwich.
  private static func offset(_ zone: Substring) -> Int64? {
    if zone == "Z" || zone == "z" { return 0 }
    guard zone.utf8.count == 6, let sign = zone.first, sign == "+" || sign == "-" else {
      return nil
    }
    let parts = zone.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let hours = Int64(parts[0]), let minutes = Int64(parts[1]),
      (0..<24).contains(hours), (0..<60).contains(minutes)
    else { return nil }
    return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
  }
}
