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
  /// Files of which nothing is in the history, and states of impossible times; one sentence each.
  private var failures = Warnings()
  private var lastFailure = ""
  private var states: [Instant: [TypeName: State]] = [:]
  private let source: Report.Source
  /// The last time that a report can have: a day ahead of this machine's clock.
  private let latest: Instant

  init(
    of source: Report.Source, now: Instant = Instant(seconds: Int64(Glibc.time(nil)))
  ) {
    self.source = source
    latest = now.advanced(bySeconds: ReportLimits.default.captureTimeAheadSecondsMax)
  }

  /// Reads files one by one, each once: one that cannot be read is a failure and loses no other.
  ///
  /// Throws where it is the only one, unless that is a failure as well.
  mutating func read(
    _ paths: [String], throwsAlone: Bool = true,
    _ body: (_ path: String, inout StateHistory) throws -> Void
  ) throws {
    let paths = Set(paths).sorted()
    for path in paths {
      do { try body(path, &self) } catch {
        if throwsAlone, paths.count == 1 { throw error }
        fail(String(describing: error))
      }
    }
  }

  /// Takes all items that a node had of one type at one time; `place` names the source.
  ///
  /// The same again changes nothing. Something else for the same time is left out with a warning, as
  /// are too many items. A time that no report can have is a failure: no other is put in its place.
  mutating func add(
    _ content: [Item], of type: TypeName, schemaVersion: String = "1.0", at instant: Instant,
    place: String
  ) {
    let instant = Instant(seconds: instant.seconds)
    if let fault = fault(of: instant) {
      return fail("\(place): \(fault); it is left out")
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

  /// Says each sentence once: all types of a file have the same time.
  private mutating func fail(_ sentence: String) {
    if sentence != lastFailure { failures.add(sentence) }
    lastFailure = sentence
  }

  /// Why no report can have a time; nil where one can.
  private func fault(of instant: Instant) -> String? {
    guard instant.isReportable else {
      return "its time \(instant) is not in the years 2000 to 2099"
    }
    return instant <= latest
      ? nil : "its time \(instant) lies more than a day ahead of this machine's clock"
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
      warnings: warnings.sentences, failures: failures.sentences, recordsRead: recordsRead)
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
