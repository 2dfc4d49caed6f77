import Collectors
public import Foundation
public import Inventory

/// Reads apt's history: who changed packages, when, and by which command.
///
/// A transaction is an event and no state. `Custom:AptTransaction` is therefore the list of all
/// transactions so far, of which each one makes a new observation at its end.
public struct AptHistoryImporter: Sendable {
  /// `Custom:AptTransaction`.
  public static let type = TypeName(stored: "Custom:AptTransaction")

  /// The time zone of the machine that wrote the history.
  public let timeZone: TimeZone

  /// Takes the time zone of the machine that wrote the history, by default that of this one.
  public init(timeZone: TimeZone = .current) { self.timeZone = timeZone }

  /// Reads files, plain or packed, given in any order.
  ///
  /// Each observation has the last ``ImportLimits/transactions``. A file that cannot be read or
  /// unpacked, or is no history of apt, is one of the ``ImportedHistory/failures``, or a
  /// ``CollectorError`` that names it where it is the only one; a transaction that lacks its beginning
  /// or its end is left out with a warning.
  ///
  /// - Parameters:
  ///   - paths: the files `/var/log/apt/history.log`, `history.log.1.gz`, …
  ///   - node: the node that they are of.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    let kind = LogFiles.Kind(owner: "apt's history") { AptStanza.time($0) != nil }
    let files = try LogFiles(paths: paths, kind: kind) { AptStanza.time($0)?.approximateSeconds }
    var reader = AptHistoryReader()
    files.forEachLine { reader.take($0) }
    reader.finish()
    let now = Instant(seconds: Int64(Date().timeIntervalSince1970))
    let transactions = reader.transactions(LogClock(timeZone, now: now))
    let list = TransactionList(of: .aptHistory, type: Self.type, transactions: transactions)
    return ImportedHistory(
      reports: list.reports(node: node), knownFrom: transactions.first?.start,
      warnings: reader.warnings.sentences, failures: files.failures.map(\.message),
      recordsRead: reader.stanzaCount)
  }
}

/// Puts transactions together from the lines of the history.
private struct AptHistoryReader {
  private(set) var stanzaCount = 0
  var warnings = Warnings()
  private var stanzas: [AptStanza] = []
  private var stanza: AptStanza?

  mutating func take(_ line: LogFiles.Line) {
    guard !line.bytes.isEmpty else { return }
    let words = line.bytes.split(separator: 0x3a, maxSplits: 1)
    guard words.count == 2, line.isWhole else {
      return warnings.add("\(line.place) is no field of apt's history")
    }
    let name = String(decoding: words[0], as: UTF8.self)
    let value = words[1].first == 0x20 ? words[1].dropFirst() : words[1]
    switch name {
    case "Start-Date":
      finish()
      stanzaCount += 1
      guard let start = time(value) else {
        return warnings.add("\(line.place) has no time of apt's history")
      }
      stanza = AptStanza(start: start, place: line.place)
    case "End-Date":
      guard var stanza, let end = time(value) else {
        return warnings.add("\(line.place) ends no transaction")
      }
      self.stanza = nil
      stanza.end = end
      stanzas.append(stanza)
    default:
      guard stanza != nil else {
        return warnings.add("\(line.place) belongs to no transaction")
      }
      stanza?.fields[name] = String(decoding: value, as: UTF8.self)
    }
  }

  /// Gives up a transaction that has no end.
  mutating func finish() {
    guard let stanza else { return }
    warnings.add(
      "\(stanza.place): the transaction of \(stanza.start.text) has no end and is left out")
    self.stanza = nil
  }

  /// The transactions, with what all their times together mean.
  mutating func transactions(_ clock: consuming LogClock) -> [LoggedTransaction] {
    for stanza in stanzas {
      clock.add(stanza.start)
      clock.add(stanza.end ?? stanza.start)
    }
    let moments = clock.moments()
    if moments.installerCount > 0 {
      warnings.add(
        "the first \(moments.installerCount / 2) transactions are of the installer, which did not"
          + " know the time zone yet, and are read in UTC")
    }
    let impossible = Set(moments.impossible)
    return stanzas.enumerated().compactMap { index, stanza in
      let (start, end) = (moments.moments[2 * index], moments.moments[2 * index + 1])
      let isSure = start?.isSure == true && end?.isSure == true
      if !isSure {
        let cannotBe = impossible.contains(2 * index) || impossible.contains(2 * index + 1)
        warnings.add(
          "\(stanza.place): the transaction of \(stanza.start.text) has a time that "
            + (cannotBe ? "cannot be" : "does not fit those around it")
            + (end == nil ? "; it is left out" : "; it is told without it, by the next one"))
      }
      guard let start, let end else { return nil }
      return LoggedTransaction(
        start: start.instant, end: end.instant, item: stanza.item(start: start, end: end))
    }
  }

  private func time(_ text: ArraySlice<UInt8>) -> TextTime? {
    guard let (time, count) = TextTime.read(text), count == text.count else { return nil }
    return time
  }
}

/// The lines of one transaction.
private struct AptStanza {
  var start: TextTime
  var end: TextTime?
  var place: String
  var fields: [String: String] = [:]

  init(start: TextTime, place: String) {
    self.start = start
    self.place = place
  }

  static func time(_ line: ArraySlice<UInt8>) -> TextTime? {
    let name = Array("Start-Date: ".utf8)
    return line.starts(with: name) ? TextTime.read(line.dropFirst(name.count))?.time : nil
  }

  /// The transaction as an item; times that nobody can believe are not in it.
  func item(start: LogMoment, end: LogMoment) -> Item {
    var values: [String: String?] = [
      "StartDate": start.told?.description, "EndDate": end.told?.description,
      "CommandLine": fields["Commandline"].map { Redaction.line($0) },
      "RequestedBy": fields["Requested-By"], "Error": fields["Error"],
    ]
    for (field, name) in [
      ("Install", "Installed"), ("Reinstall", "Reinstalled"), ("Upgrade", "Upgraded"),
      ("Downgrade", "Downgraded"), ("Remove", "Removed"), ("Purge", "Purged"),
    ] {
      guard let list = fields[field] else { continue }
      values[name] = list
      // Every package ends with the bracket of its versions.
      values[name + "Count"] = String(list.split(separator: "), ").count)
    }
    return ImportedItem.item(values)
  }
}
