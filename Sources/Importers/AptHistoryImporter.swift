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

  /// Reads files, plain or packed by gzip, given in any order.
  ///
  /// Each observation has the last ``ImportLimits/transactions``. Throws a ``CollectorError`` that
  /// names the file where one cannot be read or unpacked; a transaction that lacks its beginning or
  /// its end is left out with a warning.
  ///
  /// - Parameters:
  ///   - paths: the files `/var/log/apt/history.log`, `history.log.1.gz`, …
  ///   - node: the node that they are of.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    let files = try LogFiles(paths: paths) { AptStanza.time($0)?.approximateSeconds }
    var reader = AptHistoryReader(clock: LocalClock(timeZone, latest: .latestReportable))
    files.forEachLine { reader.take($0) }
    reader.finish()
    let transactions = reader.transactions
    let list = TransactionList(of: .aptHistory, type: Self.type, transactions: transactions)
    return ImportedHistory(
      reports: list.reports(node: node),
      knownFrom: transactions.first?.start, warnings: reader.warnings.sentences,
      recordsRead: reader.stanzaCount)
  }
}

/// Puts transactions together from the lines of the history.
private struct AptHistoryReader {
  var clock: LocalClock
  private(set) var transactions: [LoggedTransaction] = []
  private(set) var stanzaCount = 0
  var warnings = Warnings()
  private var stanza: AptStanza?

  init(clock: LocalClock) { self.clock = clock }

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
      guard let start = instant(value) else {
        return warnings.add("\(line.place) has no time of apt's history")
      }
      stanza = AptStanza(start: start, place: line.place)
    case "End-Date":
      guard var stanza, let end = instant(value) else {
        return warnings.add("\(line.place) ends no transaction")
      }
      self.stanza = nil
      stanza.end = end
      if let transaction = stanza.transaction { transactions.append(transaction) }
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
    warnings.add("\(stanza.place): the transaction of \(stanza.start) has no end and is left out")
    self.stanza = nil
  }

  private mutating func instant(_ text: ArraySlice<UInt8>) -> Instant? {
    guard let (time, count) = TextTime.read(text), count == text.count else { return nil }
    return clock.instant(of: time).instant
  }
}

/// The lines of one transaction.
private struct AptStanza {
  var start: Instant
  var end: Instant?
  var place: String
  var fields: [String: String] = [:]

  init(start: Instant, place: String) {
    self.start = start
    self.place = place
  }

  static func time(_ line: ArraySlice<UInt8>) -> TextTime? {
    let name = Array("Start-Date: ".utf8)
    return line.starts(with: name) ? TextTime.read(line.dropFirst(name.count))?.time : nil
  }

  var transaction: LoggedTransaction? {
    guard let end, end.isReportable, start.isReportable else { return nil }
    var values: [String: String?] = [
      "StartDate": start.description, "EndDate": end.description,
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
    return LoggedTransaction(start: start, end: end, item: ImportedItem.item(values))
  }
}
