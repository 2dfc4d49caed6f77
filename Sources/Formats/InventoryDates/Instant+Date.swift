public import Foundation
public import Inventory

// A module of its own, because the store does without Foundation.

extension Instant {
  /// The time of a date, to the nearest millisecond; ``distantPast`` or ``distantFuture`` where that lies beyond.
  public init(_ date: Date) {
    let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
    let range =
      Double(Instant.distantPast.milliseconds)...Double(Instant.distantFuture.milliseconds)
    self.init(milliseconds: Int64(min(max(milliseconds, range.lowerBound), range.upperBound)))
  }
}

extension Date {
  /// The date of a time.
  public init(_ instant: Instant) {
    self.init(timeIntervalSince1970: Double(instant.milliseconds) / 1000)
  }
}
