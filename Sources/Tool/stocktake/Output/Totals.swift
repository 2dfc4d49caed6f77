import HistoryStore
import Inventory
import JSONTape
import PlainText

/// What came of many reports.
struct Totals {
  private(set) var reports = 0
  private(set) var items = 0
  private(set) var changes = 0
  /// Reports that said nothing new.
  private(set) var duplicates = 0
  private(set) var badLines = 0

  mutating func add(_ receipt: Receipt) {
    add(
      items: receipt.itemCount, changes: receipt.changeCount, isDuplicate: receipt.isDuplicate)
  }

  /// Adds one report that was recorded.
  mutating func add(items: Int, changes: Int, isDuplicate: Bool) {
    reports += 1
    self.items += items
    self.changes += changes
    if isDuplicate { duplicates += 1 }
  }

  mutating func addBadLine() { badLines += 1 }

  /// One line for people.
  func text(seconds: Double) -> String {
    let rate = Int(Double(items) / max(seconds, 0.001))
    var parts = [
      counted(reports, "report"), counted(items, "item"), counted(changes, "change"),
      counted(duplicates, "duplicate"),
    ]
    if badLines > 0 { parts.append(counted(badLines, "bad line")) }
    return parts.joined(separator: ", ") + " in \(oneDecimal(seconds)) s (\(grouped(rate)) items/s)"
  }

  /// The figures for programs.
  func json(seconds: Double) -> JSONValue {
    .object([
      .init("reports", .count(reports)), .init("items", .count(items)),
      .init("changes", .count(changes)), .init("duplicates", .count(duplicates)),
      .init("badLines", .count(badLines)),
      .init("milliseconds", .count(Int(seconds * 1000))),
    ])
  }
}
