import Collectors
import Glibc
import Inventory

/// Puts full states that were found in files together to the history of one node.
struct StateHistory {
  private struct State {
    var schemaVersion: String
    var content: [Item]
    var place: String
  }

  var warnings = Warnings()
  var recordsRead = 0
  private var states: [Instant: [TypeName: State]] = [:]
  private let source: Report.Source

  init(of source: Report.Source) { self.source = source }

  /// Takes all items that a node had of one type at one time; `place` names the source.
  ///
  /// The same again changes nothing. Something else for the same time is left out with a warning,
  /// as is what no report can carry.
  mutating func add(
    _ content: [Item], of type: TypeName, schemaVersion: String = "1.0", at instant: Instant,
    place: String
  ) {
    let instant = Instant(seconds: instant.seconds)
    guard instant.isReportable else {
      return warnings.add("\(place): \(instant) is not in the years 2000 to 2099")
    }
    guard content.count <= ImportLimits.items else {
      return warnings.add(
        "\(place): \(content.count) items of \(type) are more than \(ImportLimits.items)")
    }
    if let other = states[instant]?[type] {
      if !Self.areEqual(content, other.content) {
        warnings.add("\(place): \(type) at \(instant) is something else in \(other.place)")
      }
      return
    }
    states[instant, default: [:]][type] = State(
      schemaVersion: schemaVersion, content: content, place: place)
  }

  private static func areEqual(_ a: [Item], _ b: [Item]) -> Bool {
    a == b
      || Dictionary(grouping: a) { $0 }.mapValues(\.count)
        == Dictionary(grouping: b) { $0 }.mapValues(\.count)
  }

  /// The reports of all that was taken, one for each time.
  func history(node: NodeID) -> ImportedHistory {
    let reports = states.sorted { $0.key < $1.key }.map { instant, types in
      let entries = types.sorted { $0.key < $1.key }.map { type, state in
        Report.Entry(
          type: type, schemaVersion: state.schemaVersion, captureTime: instant,
          content: state.content)
      }
      return Report(node: node, entries: entries, origin: .imported(source))
    }
    return ImportedHistory(
      reports: ImportedReports(reports), knownFrom: states.keys.min(),
      warnings: warnings.sentences, recordsRead: recordsRead)
  }
}

/// When a file was last written.
enum FileTime {
  /// In whole seconds; throws where there is no such file.
  static func modified(_ path: String) throws(CollectorError) -> Instant {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw CollectorError(path: path, errno: errno)
    }
    return Instant(seconds: Int64(status.st_mtim.tv_sec))
  }
}
