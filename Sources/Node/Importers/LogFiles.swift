import Collectors
import Foundation
import Inventory

/// The files of one log, unpacked, in the order of their lines and without what they repeat.
///
/// Files repeat each other where a copy was kept, or where a backup has the beginning of what was
/// rotated later. A file gives up its beginning as far as that is the end of an earlier file, and
/// goes where an earlier file has all of it.
///
/// A file that cannot be read to its end is a failure; the others count. Where it lies among them is
/// known by the lines that it has, else by the number or date in its name: there, a line that nobody
/// can read stands for what is missing.
struct LogFiles: Sendable {
  /// One line, without its newline.
  struct Line {
    let bytes: ArraySlice<UInt8>
    /// Whether a newline ends it; a line without may have been cut.
    let isWhole: Bool
    /// The file that has it.
    let path: String
    /// `path line 7`.
    let place: String

    /// What stands for lines that are missing: no log has such a line.
    fileprivate static func gap(in path: String) -> Line {
      Line(bytes: [0][...], isWhole: true, path: path, place: "what is missing of \(path)")
    }
  }

  /// What a log's own lines are, so that other files are told from it.
  struct Kind {
    /// Whose log it is, as a genitive: `dpkg's`.
    var owner: String
    var isLine: (ArraySlice<UInt8>) -> Bool
  }

  /// Files that are none of the log's, or cannot be read to their ends; one sentence each.
  private(set) var failures: [CollectorError] = []
  private var files: [LogFile] = []

  /// Reads files given in any order; `timeOf` reads the time of a line as a number to sort by, and
  /// `prepare` can put a file's bytes into another form.
  ///
  /// Throws where no file can be read.
  init(
    paths: [String], kind: Kind? = nil,
    prepare: (([UInt8], _ path: String) throws(CollectorError) -> [UInt8])? = nil,
    timeOf: (ArraySlice<UInt8>) -> Int64?
  ) throws(CollectorError) {
    var all: [LogFile] = []
    var broken: [LogFile] = []
    let paths = Set(paths).sorted()
    for path in paths {
      let (text, failure) = CompressedFile.contents(ofFileAt: path)
      let bytes = ByteOrderMark.removed(from: text)
      var file = LogFile(path: path, bytes: bytes)
      do throws(CollectorError) {
        if let prepare { file = LogFile(path: path, bytes: try prepare(bytes, path)) }
        file.readTimes(timeOf)
        if let failure { throw failure }
        if let kind, !file.isEmpty, !file.has(kind) {
          throw CollectorError("\(path) is no log of \(kind.owner)")
        }
        all.append(file)
      } catch {
        failures.append(error)
        file.end()
        broken.append(file)
      }
    }
    if all.isEmpty, let first = failures.first {
      throw failures.count == 1
        ? first : CollectorError(failures.map(\.message).joined(separator: "; "))
    }
    for file in broken { if let placed = file.placed(among: all) { all.append(placed) } }
    // The files of one log follow each other, so that their first lines have their order.
    // A copy goes before the part of it that begins and ends in the same seconds.
    all.sort {
      ($0.first ?? .min, $0.last ?? .min, -$0.byteCount)
        < ($1.first ?? .min, $1.last ?? .min, -$1.byteCount)
    }
    for file in all { add(file) }
  }

  /// Gives each line in the order of the log.
  func forEachLine(_ body: (Line) throws -> Void) rethrows {
    for file in files { try file.forEachLine(body) }
  }

  private mutating func add(_ file: LogFile) {
    var file = file
    for index in files.indices
    where files[index].isCut || (files[index].last ?? .min) >= (file.first ?? .min) {
      if !file.removeBeginning(thatEnds: &files[index]), !file.isBroken { return }
    }
    files.append(file)
  }
}

/// One file of a log.
struct LogFile: Sendable {
  /// Lines further from each other are not of one run of a program.
  private static let runSeconds: Int64 = 3600
  /// Lines that are looked at to say whether a file is of a kind.
  private static let kindLines = 1000

  let path: String
  private let bytes: [UInt8]
  /// What of it is read.
  private var range: Range<Int>
  /// The number of the first line in ``range``.
  private var startLine = 1
  /// The time of the first line whose time fits those of the others.
  private(set) var first: Int64?
  /// The time of the last such line.
  private(set) var last: Int64?
  /// Whether more lines were there than can be read.
  private(set) var isBroken = false

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    range = 0..<bytes.count
  }

  var byteCount: Int { bytes.count }
  var isEmpty: Bool { range.isEmpty }

  /// Whether the last line has no end.
  var isCut: Bool { !range.isEmpty && bytes[range.upperBound - 1] != 0x0a }

  /// Reads the times of the lines; a last line that was cut may show another than it had.
  mutating func readTimes(_ timeOf: (ArraySlice<UInt8>) -> Int64?) {
    let latest = Int64(Date().timeIntervalSince1970) + 2 * 86400
    var times: [Int64?] = []
    forEachLine { line in
      guard line.isWhole, let time = timeOf(line.bytes) else { return }
      times.append(time >= Instant.earliestReportable.seconds && time <= latest ? time : nil)
    }
    let fits = LogOrder.fitting(times, runSeconds: Self.runSeconds)
    first = fits.firstIndex(of: true).flatMap { times[$0] }
    last = fits.lastIndex(of: true).flatMap { times[$0] }
  }

  /// Whether the first lines are those of a log.
  func has(_ kind: LogFiles.Kind) -> Bool {
    var (count, hasOne) = (0, false)
    var start = range.lowerBound
    while start < range.upperBound, count < Self.kindLines, !hasOne {
      let end = endOfLine(from: start)
      hasOne = kind.isLine(line(from: start, to: end))
      count += 1
      start = end
    }
    return hasOne
  }

  /// Says that more was there, and gives up the line that is not whole.
  mutating func end() {
    range = 0..<endOfLastLine(before: bytes.count)
    isBroken = true
  }

  /// The file with its place among the others; nil where nobody knows it, or it is none of theirs.
  func placed(among others: [LogFile]) -> LogFile? {
    if first != nil { return self }
    let name = RotatedName(path)
    // The nearest of those that are younger begins where this one ended.
    let younger =
      others
      .map { (file: $0, name: RotatedName($0.path)) }
      .filter { $0.name.family == name.family && $0.file.first != nil }
    guard !younger.isEmpty else { return nil }
    let next = younger.filter { $0.name.age < name.age }.max { $0.name.age < $1.name.age }
    var file = LogFile(path: path, bytes: [])
    file.isBroken = true
    file.first = next?.file.first.map { $0 - 1 } ?? younger.compactMap { $0.file.last }.max()
    file.last = file.first
    return file
  }

  /// The index behind the last newline before `end`; 0 where there is none.
  private func endOfLastLine(before end: Int) -> Int {
    var end = end
    while end > 0, bytes[end - 1] != 0x0a { end -= 1 }
    return end
  }

  /// The index behind the newline of a line, or the end.
  private func endOfLine(from start: Int) -> Int {
    unsafe bytes.withUnsafeBytes { buffer in
      guard let base = buffer.baseAddress,
        let found = unsafe memchr(base + start, 0x0a, range.upperBound - start)
      else { return range.upperBound }
      return unsafe UnsafeRawPointer(found) - base + 1
    }
  }

  /// A line without its end, which can have two bytes.
  private func line(from start: Int, to end: Int) -> ArraySlice<UInt8> {
    var end = end
    if end > start, bytes[end - 1] == 0x0a { end -= 1 }
    if end > start, bytes[end - 1] == 0x0d { end -= 1 }
    return bytes[start..<end]
  }

  func forEachLine(_ body: (LogFiles.Line) throws -> Void) rethrows {
    var start = range.lowerBound
    var number = startLine
    while start < range.upperBound {
      let end = endOfLine(from: start)
      try body(
        LogFiles.Line(
          bytes: line(from: start, to: end), isWhole: bytes[end - 1] == 0x0a, path: path,
          place: "\(path) line \(number)"))
      start = end
      number += 1
    }
    if isBroken { try body(.gap(in: path)) }
  }

  /// Leaves out what `earlier` ends with; false where `earlier` has all of this file.
  mutating func removeBeginning(thatEnds earlier: inout LogFile) -> Bool {
    guard !range.isEmpty else { return false }
    let line = bytes[range.lowerBound..<endOfLine(from: range.lowerBound)]
    // An unfinished last line of the earlier file is whole in the later one.
    let whole = max(
      earlier.range.lowerBound, earlier.endOfLastLine(before: earlier.range.upperBound))
    var start = earlier.range.lowerBound
    while start < whole {
      let end = earlier.endOfLine(from: start)
      if earlier.bytes[start..<end] == line {
        let length = min(whole - start, range.count)
        let end = range.lowerBound + length
        if earlier.bytes[start..<(start + length)] == bytes[range.lowerBound..<end] {
          if length == range.count { return false }
          earlier.range = earlier.range.lowerBound..<whole
          startLine += bytes[range.lowerBound..<end].count { $0 == 0x0a }
          range = end..<range.upperBound
          return true
        }
      }
      start = end
    }
    let cut = earlier.bytes[whole..<max(whole, earlier.range.upperBound)]
    if !cut.isEmpty, line.starts(with: cut) {
      earlier.range = earlier.range.lowerBound..<whole
    }
    return true
  }
}

/// What the name of a rotated file tells: whose file it is, and how old beside the others.
struct RotatedName {
  /// The path without number, date and ending.
  var family: String
  /// Older files have a larger one.
  var age: Int

  /// `dpkg.log`, `dpkg.log.1`, `dpkg.log.2.gz`, `yum.log-20210101`.
  init(_ path: String) {
    var name = path[...]
    for ending in [".gz", ".xz", ".zst", ".bz2"] where name.hasSuffix(ending) {
      name = name.dropLast(ending.count)
    }
    family = String(name)
    age = -100_000_000
    guard let mark = name.lastIndex(where: { $0 == "." || $0 == "-" }),
      let number = Int(name[name.index(after: mark)...]), (0...99_999_999).contains(number)
    else { return }
    family = String(name[..<mark])
    age = name[mark] == "." ? number : -number
  }
}
