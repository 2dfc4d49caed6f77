public import Foundation
public import Inventory

/// Works out the past of a machine's packages from dpkg's logs and from what is installed now.
///
/// A log line gives the time of the machine's own clock without saying how far that is from UTC.
/// Hence the time zone, in which the hour that a clock change repeats is read so that time does not
/// go back from one line to the next.
public struct DpkgLogImporter: Sendable {
  /// The time zone of the machine that wrote the logs.
  public let timeZone: TimeZone

  /// Takes the time zone of the machine that wrote the logs, by default that of this one.
  public init(timeZone: TimeZone = .current) { self.timeZone = timeZone }

  /// Lines that are named one by one in the warnings; the rest is counted.
  private static let namedLinesMax = 10

  /// Reads logs, plain or packed by gzip, given in any order.
  ///
  /// Throws a ``CollectorError`` that names the file where one cannot be read or unpacked. Lines
  /// that do not parse, and whatever does not fit the present state, become warnings.
  ///
  /// - Parameters:
  ///   - paths: the files `dpkg.log`, `dpkg.log.1`, `dpkg.log.2.gz`, …
  ///   - current: the packages installed now, from ``ApplicationCollector``.
  ///   - capturedAt: when `current` was collected; later lines are left out.
  public func history(
    paths: [String], current: [Item], capturedAt: Instant
  ) throws -> DpkgLogHistory {
    var files = try paths.map { try LogFile(path: $0) }
    // The files of one log follow each other, so that their first lines have their order.
    files.sort { ($0.first ?? .min, $0.last ?? .min) < ($1.first ?? .min, $1.last ?? .min) }
    var clock = LocalClock(timeZone, latest: capturedAt)
    var replay = DpkgLogReplay()
    var unread = Tally(max: Self.namedLinesMax)
    var backwards = Tally(max: Self.namedLinesMax)
    var firstLine: Instant?
    var lineCount = 0
    var lateCount = 0
    for file in files {
      var number = 0
      file.forEachLine { bytes, isWhole in
        number += 1
        lineCount += 1
        guard isWhole, let line = DpkgLogLine(bytes) else {
          unread.add("\(file.path) line \(number)")
          return
        }
        let (instant, isBack) = clock.instant(ofLocal: line.localSeconds)
        if isBack { backwards.add("\(file.path) line \(number)") }
        guard instant <= capturedAt else {
          lateCount += 1
          return
        }
        if firstLine == nil { firstLine = instant }
        replay.take(line.event, at: instant)
      }
    }
    var warnings: [String] = []
    if let text = unread.text { warnings.append("lines that are none of dpkg's: \(text)") }
    if let text = backwards.text {
      warnings.append("lines whose time lies before that of the line before them: \(text)")
    }
    if lateCount > 0 {
      warnings.append(
        "lines left out because they are later than the present state of \(capturedAt):"
          + " \(lateCount)")
    }
    return DpkgLogHistory(
      replay: replay, current: current, capturedAt: capturedAt, firstLine: firstLine,
      linesRead: lineCount, warnings: warnings)
  }
}

/// Counts places and remembers the first of them.
private struct Tally {
  let max: Int
  private var count = 0
  private var places: [String] = []

  init(max: Int) { self.max = max }

  mutating func add(_ place: @autoclosure () -> String) {
    count += 1
    if places.count < max { places.append(place()) }
  }

  /// `3: a line 1, a line 7, b line 2`; nil where there is none.
  var text: String? {
    count == 0
      ? nil : "\(count): \(places.joined(separator: ", "))" + (count > places.count ? ", …" : "")
  }
}

/// One file of a log, unpacked.
private struct LogFile {
  let path: String
  private let bytes: [UInt8]
  /// The local time of the first line that has one.
  private(set) var first: Int64?
  /// The local time of the last line that has one.
  private(set) var last: Int64?

  init(path: String) throws(CollectorError) {
    self.path = path
    bytes = try CompressedFile.bytes(ofFileAt: path)
    forEachLine { line, _ in
      guard first == nil else { return }
      first = DpkgLogLine.localSeconds(line)
    }
    var end = bytes.endIndex
    while end > bytes.startIndex, last == nil {
      let start = bytes[..<(end - 1)].lastIndex(of: 0x0a).map { $0 + 1 } ?? bytes.startIndex
      last = DpkgLogLine.localSeconds(bytes[start..<end])
      end = start
    }
  }

  /// Gives each line without its newline, and whether it has one: dpkg ends every line with it, so
  /// that a line without was cut.
  func forEachLine(_ body: (ArraySlice<UInt8>, _ isWhole: Bool) -> Void) {
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: 0x0a)
      body(bytes[start..<(end ?? bytes.endIndex)], end != nil)
      start = (end ?? bytes.endIndex - 1) + 1
    }
  }
}

/// Turns the times of a clock on the wall into instants that never go back.
struct LocalClock {
  private let timeZone: TimeZone
  private let latest: Instant
  private var previous = Instant.distantPast
  private var day: Int64 = .min
  /// The offsets from UTC surely before and surely after every moment of ``day``.
  private var offsets: (before: Int64, after: Int64) = (0, 0)

  /// Takes the time zone, and the second after which every time is false.
  init(_ timeZone: TimeZone, latest: Instant) {
    self.timeZone = timeZone
    self.latest = Instant(seconds: latest.seconds)
  }

  /// The instant of a local time, given in seconds as if it were UTC; `isBack` where no reading of
  /// it lies at or after the instant before, which is then given again.
  mutating func instant(ofLocal local: Int64) -> (instant: Instant, isBack: Bool) {
    let readings = readings(of: local).map(Instant.init(seconds:))
    guard let reading = readings.first(where: { $0 >= previous }) else { return (previous, true) }
    // A clock that was ahead for a while must not drag all later lines along.
    if reading <= latest { previous = reading }
    return (reading, false)
  }

  /// What a local time can mean, in ascending order: two instants in an hour that comes twice; the
  /// moment of the change in an hour that is left out.
  private mutating func readings(of local: Int64) -> [Int64] {
    let today = local >= 0 ? local / 86400 : (local - 86399) / 86400
    if today != day {
      day = today
      // No clock is further than a day from UTC, so that these lie on both sides of the day.
      offsets = (offset(at: (today - 1) * 86400), offset(at: (today + 2) * 86400))
    }
    if offsets.before == offsets.after { return [local - offsets.before] }
    let candidates = Set([local - offsets.before, local - offsets.after])
    let valid = candidates.filter { local - $0 == offset(at: $0) }
    return valid.isEmpty ? [change()] : valid.sorted()
  }

  /// The moment in or near ``day`` at which the clock changes.
  private func change() -> Int64 {
    var low = (day - 1) * 86400
    var high = (day + 2) * 86400
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if offset(at: middle) == offsets.before { low = middle } else { high = middle }
    }
    return high
  }

  private func offset(at seconds: Int64) -> Int64 {
    Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
  }
}
