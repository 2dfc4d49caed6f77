import Collectors
public import Inventory

/// Reads osquery's log of results: snapshots, and differences that are put together to full states.
public struct OsqueryImporter: Sendable {
  /// The `hostIdentifier` of the lines to read; nil where all lines are of one host.
  public let host: String?

  /// Takes the `hostIdentifier` of the lines to read, or nil where all lines are of one host.
  public init(host: String? = nil) { self.host = host }

  /// Reads logs, plain or packed, given in any order.
  ///
  /// There is one observation for each second after which a query's rows differ from before. A query
  /// whose rows are not known in full is in none until osquery begins anew or writes a snapshot: its
  /// beginning is missing, a line of it cannot be read, or it contradicts what was there.
  ///
  /// A file that cannot be read or unpacked, or has no result of osquery, is one of the
  /// ``ImportedHistory/failures``, or a ``CollectorError`` that names it where there is no other; lines of
  /// several hosts are an error where ``host`` does not say which. Single lines that cannot be read
  /// become warnings.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    let files = try LogFiles(
      paths: paths,
      kind: .init(owner: "osquery", isLine: { OsqueryRecord.time($0) != nil }),
      timeOf: OsqueryRecord.time)
    let document = JSONDocument()
    var reader = OsqueryReader()
    var hosts: Set<String> = []
    var count = 0
    // Whether each file has a line that can be read.
    var isLog: [String: Bool] = [:]
    try files.forEachLine { line in
      let bytes = line.bytes.last == 0x0d ? line.bytes.dropLast() : line.bytes
      guard !bytes.isEmpty else { return }
      count += 1
      if isLog[line.path] == nil { isLog[line.path] = false }
      do {
        let record = try OsqueryRecord(document.value(bytes))
        isLog[line.path] = true
        guard host == nil || record.host == host else { return }
        if !record.host.isEmpty { hosts.insert(record.host) }
        if hosts.count <= 1 { reader.take(record, place: line.place) }
      } catch let error as OsqueryRecord.Other {
        // Whole lines that are no results: osquery's own messages, where both are in one file.
        reader.warnings.add("\(line.place): \(error)")
      } catch {
        let fragment = OsqueryFragment(bytes)
        guard host == nil || fragment.host == nil || fragment.host == host else { return }
        reader.takeDamage(fragment, "\(line.place): \(error)")
      }
      guard hosts.count <= 1 else {
        throw CollectorError(
          "the lines are of several hosts; say which: \(hosts.sorted().joined(separator: ", "))")
      }
    }
    let others = isLog.filter { !$0.value }.keys.sorted().map {
      CollectorError("\($0) has no line that is a result of osquery")
    }
    if let first = others.first, others.count == isLog.count { throw first }
    let changes = reader.finish()
    return ImportedHistory(
      reports: ImportedReports { AnyIterator(OsqueryStates(changes, node: node)) },
      knownFrom: OsqueryStates(changes, node: node).firstInstant,
      warnings: reader.warnings.sentences,
      failures: (files.failures + others).map(\.message), recordsRead: count)
  }
}

/// A change of the rows of one query.
struct OsqueryChange: Sendable {
  enum Kind: Sendable {
    /// From here on there are just these.
    case reset([Item])
    case change(added: [Item], removed: [Item])
    /// From here on it is not known what there is.
    case unknown
  }

  var instant: Instant
  /// The number of the line; orders changes of one second.
  var position: Int
  /// The line, for messages.
  var place: String
  var query: String
  var type: TypeName
  var schemaVersion: String
  var kind: Kind
}
