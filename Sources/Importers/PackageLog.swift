import Collectors
import Foundation
import Inventory

/// A line of a package manager's log.
protocol PackageLogLine {
  /// What a line can say.
  associatedtype Event
  /// Whose log it is, as a genitive: `dpkg's`.
  static var owner: String { get }
  /// Reads a line without its newline; nil where it is none of the log's.
  init?(_ line: ArraySlice<UInt8>)
  var time: TextTime { get }
  /// What the line says of a package; nil where it says nothing of any.
  var event: Event? { get }
}

/// What reading a log gave, besides its events.
struct PackageLogReading {
  var firstLine: Instant?
  var lineCount = 0
  var warnings: [String] = []
}

/// Reads the files of a log, given in any order, line by line in the order of time.
///
/// Lines later than `capturedAt` are left out. Times without a zone are those of `timeZone`.
func readPackageLog<Line: PackageLogLine>(
  _ type: Line.Type, paths: [String], timeZone: TimeZone, capturedAt: Instant,
  timeOf: (ArraySlice<UInt8>) -> TextTime?, body: (Line.Event, Instant) -> Void
) throws(CollectorError) -> PackageLogReading {
  let files = try LogFiles(paths: paths) { timeOf($0)?.approximateSeconds }
  var clock = LocalClock(timeZone, latest: capturedAt)
  var reading = PackageLogReading()
  var (unread, backwards) = (Tally(), Tally())
  var lateCount = 0
  files.forEachLine { text in
    reading.lineCount += 1
    // These logs end every line with a newline, so that one without was cut.
    guard text.isWhole, let line = Line(text.bytes) else {
      unread.add(text.place)
      return
    }
    let (instant, isBack) = clock.instant(of: line.time)
    if isBack { backwards.add(text.place) }
    guard instant <= capturedAt else {
      lateCount += 1
      return
    }
    if reading.firstLine == nil { reading.firstLine = instant }
    if let event = line.event { body(event, instant) }
  }
  if let text = unread.text {
    reading.warnings.append("lines that are none of \(Line.owner): \(text)")
  }
  if let text = backwards.text {
    reading.warnings.append("lines whose time lies before that of the line before them: \(text)")
  }
  if lateCount > 0 {
    reading.warnings.append(
      "lines left out because they are later than the present state of \(capturedAt):"
        + " \(lateCount)")
  }
  return reading
}
