import Collectors
import Foundation
import Inventory

/// The time of a document that is one state.
struct DocumentTime {
  /// The time as the document writes it; nil where it names none.
  var text: String?
  /// What the document calls it.
  var name: String
  /// The document's file.
  var path: String
  /// The time that whoever imports it gives for documents without one.
  var given: Instant?
  /// The offset from UTC that the document itself gives for its times, `+0200`.
  var offset: String?

  /// The valid time: the document's own, else the one given, else when its file was last written,
  /// with a warning.
  ///
  /// Throws where the document names a time that cannot be understood and none is given: any other
  /// would be another date.
  func instant(in timeZone: TimeZone, _ warnings: inout Warnings) throws -> Instant {
    guard let text, !text.isEmpty else {
      if let given { return given }
      warnings.add("\(path) says no time of its own; its file is of that time")
      return try FileTime.modified(path)
    }
    if let instant = instant(of: text, in: timeZone) { return instant }
    let what = "\(name) \"\(Collectors.text(cutTo: 100, text).printable)\""
    guard let given else {
      throw CollectorError(
        "\(path): \(what) is no time that can be understood; --at gives the right one")
    }
    warnings.add("\(path): \(what) is no time that can be understood; the one given counts")
    return given
  }

  private func instant(of text: String, in timeZone: TimeZone) -> Instant? {
    let bytes = Array(text.utf8)
    guard let (time, count) = TextTime.read(bytes[...]), count == bytes.count else { return nil }
    if case .instant(let instant) = time { return instant }
    if case .local(let seconds) = time, let ahead = offset.flatMap(TextTime.offset) {
      return Instant(seconds: seconds - ahead)
    }
    var clock = LocalClock(timeZone, latest: .latestReportable)
    let (instant, isBack) = clock.instant(of: time)
    return isBack ? nil : instant
  }
}
