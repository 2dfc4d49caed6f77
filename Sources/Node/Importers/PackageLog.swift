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
  /// Reads the time of a line.
  static func time(_ line: ArraySlice<UInt8>) -> TextTime?
  /// Whether a line that is none of the log's can be the words of another program in it.
  ///
  /// Where it can not, it is a line that was damaged, and what it said of packages is not known.
  static func isForeign(_ line: ArraySlice<UInt8>) -> Bool
}

extension PackageLogLine {
  /// By default a log has no lines but its own.
  static func isForeign(_ line: ArraySlice<UInt8>) -> Bool { false }
}

/// What reading a log gave, besides its events.
struct PackageLogReading {
  var firstLine: Instant?
  /// From here on every line could be read; nil where all could be.
  var knownFrom: Instant?
  /// Whether a line that could not be read has no other behind it, so that nothing is known.
  var isUnknown = false
  var lineCount = 0
  var warnings: [String] = []
  var failures: [String] = []
}

/// The files of a log of packages, read twice: first for what all lines together tell.
struct PackageLog<Line: PackageLogLine> {
  private let files: LogFiles
  private let timeZone: TimeZone
  private let capturedAt: Instant

  /// Takes files in any order, and the zone of times that name none.
  init(
    paths: [String], timeZone: TimeZone, capturedAt: Instant,
    prepare: (([UInt8], _ path: String) throws(CollectorError) -> [UInt8])? = nil
  ) throws(CollectorError) {
    files = try LogFiles(
      paths: paths, kind: .init(owner: Line.owner) { Line($0) != nil }, prepare: prepare
    ) { Line.time($0)?.approximateSeconds }
    self.timeZone = timeZone
    self.capturedAt = capturedAt
  }

  /// Gives what each line says, in their order, without its time.
  func forEachEvent(_ body: (Line.Event) -> Void) {
    files.forEachLine { if $0.isWhole, let event = Line($0.bytes)?.event { body(event) } }
  }

  /// Gives what each line says and when it was, in their order.
  ///
  /// Lines later than `capturedAt` are left out.
  func read(_ body: (Line.Event, LogMoment) -> Void) -> PackageLogReading {
    var clock = LogClock(timeZone, now: capturedAt)
    files.forEachLine { if $0.isWhole, let line = Line($0.bytes) { clock.add(line.time) } }
    let moments = clock.moments()
    let (unfitting, impossible) = (Set(moments.unfitting), Set(moments.impossible))
    var notes = LogNotes(owner: Line.owner)
    var reading = PackageLogReading(failures: files.failures.map(\.message))
    var index = 0
    var (isAfterGap, isAfterCut) = (false, false)
    files.forEachLine { text in
      guard !text.bytes.isEmpty || !text.isWhole else { return }
      reading.lineCount += 1
      // These logs end every line with a newline, so that one without was cut: the last of all is
      // being written.
      guard text.isWhole, let line = Line(text.bytes) else {
        notes.unread.add(text.place)
        if !text.isWhole {
          isAfterCut = true
        } else if !Line.isForeign(text.bytes) {
          isAfterGap = true
        }
        return
      }
      if unfitting.contains(index) { notes.unfitting.add("\(text.place) (\(line.time.text))") }
      if impossible.contains(index) { notes.impossible.add("\(text.place) (\(line.time.text))") }
      let moment = moments.moments[index]
      index += 1
      guard let moment else { return }
      guard moment.instant <= capturedAt else {
        notes.lateCount += 1
        return
      }
      if isAfterGap || isAfterCut { reading.knownFrom = moment.instant }
      (isAfterGap, isAfterCut) = (false, false)
      if reading.firstLine == nil { reading.firstLine = moment.instant }
      if let event = line.event { body(event, moment) }
    }
    reading.isUnknown = isAfterGap
    notes.installerCount = moments.installerCount
    reading.warnings = notes.warnings(reading, capturedAt)
    return reading
  }
}

/// What is strange about the lines of a log.
struct LogNotes {
  let owner: String
  var unread = Tally()
  var unfitting = Tally()
  var impossible = Tally()
  var lateCount = 0
  var installerCount = 0

  init(owner: String) { self.owner = owner }

  func warnings(_ reading: PackageLogReading, _ capturedAt: Instant) -> [String] {
    var warnings: [String] = []
    if let text = unread.text { warnings.append("lines that are none of \(owner): \(text)") }
    if reading.isUnknown {
      warnings.append("what the last of them said is not known, and with it nothing of the past")
    } else if let known = reading.knownFrom {
      warnings.append(
        "what they said is not known: what was there is known from \(known) on, not before")
    }
    if let text = impossible.text {
      warnings.append(
        "lines of a time that cannot be; what they say counts from the next line on whose time"
          + " fits: \(text)")
    }
    if let text = unfitting.text {
      warnings.append(
        "lines whose time does not fit those around them; what they say counts from the next line"
          + " on whose time does: \(text)")
    }
    if installerCount > 0 {
      warnings.append(
        "the first \(installerCount) lines are of the installer, which did not know the time zone"
          + " yet, and are read in UTC")
    }
    if lateCount > 0 {
      warnings.append(
        "lines left out because they are later than the present state of \(capturedAt):"
          + " \(lateCount)")
    }
    return warnings
  }
}
