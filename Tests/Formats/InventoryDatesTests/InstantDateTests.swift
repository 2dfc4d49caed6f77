import Foundation
import Inventory
import InventoryDates
import Testing

@Suite struct InstantDateTests {
  @Test func `a time becomes a date and the same time again`() {
    for milliseconds: Int64 in [0, 1, -1, 999, 1_772_528_400_123, -62_135_596_800_000] {
      let instant = Instant(milliseconds: milliseconds)
      #expect(Instant(Date(instant)) == instant)
    }
    #expect(Date(Instant(seconds: 1_772_528_400)).timeIntervalSince1970 == 1_772_528_400)
  }

  @Test func `dates beyond all times are the first and the last`() {
    #expect(Instant(Date.distantFuture) < .distantFuture)
    #expect(Instant(Date(timeIntervalSince1970: 1e300)) == .distantFuture)
    #expect(Instant(Date(timeIntervalSince1970: -.infinity)) == .distantPast)
  }
}
