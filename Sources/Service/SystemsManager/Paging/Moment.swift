import AWSProtocol
import Times
import HistoryStore
package import Inventory

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
  ) throws(AWSError) -> Bool {
    guard key.hasPrefix(Self.keyPrefix) else { return false }
    guard type == nil || type == "Equal" || type == "EQUAL", values.count == 1 else {
      throw AWSError("InvalidFilter", "\(key) takes one value, of type Equal.")
    }
    guard let time = Self.time(values[0]) else {
      throw AWSError(
        "InvalidFilter",
        "\(key) takes a time such as 2026-03-03T00:00:00Z, not '\(values[0])'.")
    }
    switch key {
    case "Stocktake:At": at = time
    case "Stocktake:KnownAt": knownAt = time
    case "Stocktake:ChangedSince": changedSince = time
    default:
      throw AWSError(
        "InvalidFilter",
        "\(key) is not known: there are Stocktake:At, Stocktake:KnownAt, Stocktake:ChangedSince.")
    }
    return true
  }

  /// A time in RFC 3339 with its zone, or a day alone: its beginning in UTC.
  ///
  /// What depends on when it is read, such as "yesterday", would mean another time on the next page.
  static func time(_ text: String) -> Instant? {
    if let instant = Instant(captureTime: text) { return instant }
    guard text.utf8.count >= 10 else { return nil }
    let times = [Instant(seconds: 1 << 30), Instant(seconds: 1 << 31)].map { now in
      (try? TimeParser(zone: .utc, now: now).parse(text))?.instant
    }
    return times[0] == times[1] ? times[0] : nil
  }
}

extension SystemsManager {
  /// A time as filters have it: in RFC 3339 with its zone, or a day alone.
  package static func time(_ text: String) -> Instant? { Moment.time(text) }
}
