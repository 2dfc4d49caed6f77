import Collectors
import Glibc

/// The files of one log, unpacked, in the order of their lines and without what they repeat.
///
/// Files repeat each other where a copy was kept, or where a backup has the beginning of what was
/// rotated later. A file gives up its beginning as far as that is the end of an earlier file, and
/// goes where an earlier file has all of it.
struct LogFiles: Sendable {
  /// One line, without its newline.
  struct Line {
    let bytes: ArraySlice<UInt8>
    /// Whether a newline ends it; a line without may have been cut.
    let isWhole: Bool
    fileprivate let path: String
    fileprivate let number: Int

    /// `path line 7`.
    var place: String { "\(path) line \(number)" }
  }

  private var files: [File] = []

  /// Reads files given in any order; `timeOf` reads the time of a line as a number to sort by.
  init(
    paths: [String], timeOf: (ArraySlice<UInt8>) -> Int64?
  ) throws(CollectorError) {
    var all: [File] = []
    for path in paths { all.append(try File(path: path, timeOf: timeOf)) }
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

  private mutating func add(_ file: File) {
    var file = file
    for index in files.indices
    where files[index].isCut || (files[index].last ?? .min) >= (file.first ?? .min) {
      if !file.removeBeginning(thatEnds: &files[index]) { return }
    }
    files.append(file)
  }
}

private struct File: Sendable {
  let path: String
  private let bytes: [UInt8]
  /// What of it is read.
  private var range: Range<Int>
  /// The number of the first line in ``range``.
  private var startLine = 1
  /// The time of the first line that has one.
  private(set) var first: Int64?
  /// The time of the last line that has one.
  private(set) var last: Int64?

  init(path: String, timeOf: (ArraySlice<UInt8>) -> Int64?) throws(CollectorError) {
    self.path = path
    bytes = try CompressedFile.bytes(ofFileAt: path)
    range = 0..<bytes.count
    var start = 0
    while start < bytes.count, first == nil {
      let end = endOfLine(from: start)
      first = timeOf(bytes[start..<end])
      start = end
    }
    // A last line that was cut may show another time than it had.
    var end = endOfLastLine(before: bytes.count)
    while end > 0, last == nil {
      let start = endOfLastLine(before: end - 1)
      last = timeOf(bytes[start..<end])
      end = start
    }
  }

  var byteCount: Int { bytes.count }

  /// Whether the last line has no end.
  var isCut: Bool { !range.isEmpty && bytes[range.upperBound - 1] != 0x0a }

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

  func forEachLine(_ body: (LogFiles.Line) throws -> Void) rethrows {
    var start = range.lowerBound
    var number = startLine
    while start < range.upperBound {
      let end = endOfLine(from: start)
      let isWhole = bytes[end - 1] == 0x0a
      try body(
        LogFiles.Line(
          bytes: bytes[start..<(isWhole ? end - 1 : end)], isWhole: isWhole, path: path,
          number: number))
      start = end
      number += 1
    }
  }

  /// Leaves out what `earlier` ends with; false where `earlier` has all of this file.
  mutating func removeBeginning(thatEnds earlier: inout File) -> Bool {
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
