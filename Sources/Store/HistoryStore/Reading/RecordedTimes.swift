import Synchronization

/// When log records were recorded, as far as readers have asked; a recorded time never changes, not
/// even when its record is erased.
final class RecordedTimes: Sendable {
  /// Records beside each other, by sequence number; 0 for one that nobody asked for yet.
  private let pages = Mutex<[UInt64: [Int64]]>([:])

  private static let timesPerPage: UInt64 = 1024
  /// Keeps the memory below 8 MB.
  private static let pagesMax = 1000

  /// A record's time, in milliseconds since 1970; nil where it is not known here.
  subscript(sequence: UInt64) -> Int64? {
    get {
      pages.withLock { pages in
        guard let page = pages[sequence / Self.timesPerPage] else { return nil }
        let time = page[Int(sequence % Self.timesPerPage)]
        return time == 0 ? nil : time
      }
    }
    set {
      pages.withLock { pages in
        if pages.count >= Self.pagesMax { pages = [:] }
        let empty = [Int64](repeating: 0, count: Int(Self.timesPerPage))
        pages[sequence / Self.timesPerPage, default: empty][Int(sequence % Self.timesPerPage)] =
          newValue ?? 0
      }
    }
  }
}
