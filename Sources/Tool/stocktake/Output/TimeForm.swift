import Inventory
import JSONTape
import Questions
import Times

/// How the times of a column look: in a pipe whole, on a terminal without what all of them share.
struct TimeForm {
  private let zone: Zone
  private let isShort: Bool
  /// The day on which all of them are; nil where there are several, or in a pipe.
  private let day: String?
  private let showsOffset: Bool

  /// - Parameters:
  ///   - isShort: whether what all share may be told once, above them.
  ///   - keepsDay: whether the day stays with each in any case.
  init(_ times: [Instant], _ zone: Zone, isShort: Bool, keepsDay: Bool = false) {
    self.zone = zone
    self.isShort = isShort
    let texts = isShort ? times.map(zone.text) : []
    // The same offset from UTC, of which the heading tells.
    let offsets = Set(texts.map { $0.split(separator: " ").last })
    showsOffset = offsets.count != 1
    let days = Set(texts.map { $0.prefix(while: { $0 != " " }) })
    let isOne = offsets.count == 1 && days.count == 1 && !keepsDay
    day = isOne ? days.first.map(String.init) : nil
  }

  /// Takes the times that members of rows have.
  init(
    _ rows: [JSONValue], _ name: String, in zone: Zone, isShort: Bool, keepsDay: Bool = false
  ) {
    self.init(rows.compactMap { $0.time(name) }, zone, isShort: isShort, keepsDay: keepsDay)
  }

  /// A time as it stands in the column.
  func text(_ instant: Instant) -> String {
    // People at a terminal do without milliseconds.
    let shown = isShort ? Instant(seconds: instant.seconds) : instant
    let words = zone.text(shown).split(separator: " ")
    guard !showsOffset else { return words.joined(separator: " ") }
    return words.dropFirst(day == nil ? 0 : 1).dropLast().joined(separator: " ")
  }

  /// A member that is a time; nil where there is none.
  func text(_ row: JSONValue, _ name: String) -> String? { row.time(name).map(text) }

  /// What is told above the table of a column with a title.
  func facts(_ title: String) -> [(name: String, value: String)] {
    day.map { [(title.lowercased(), $0)] } ?? []
  }
}
