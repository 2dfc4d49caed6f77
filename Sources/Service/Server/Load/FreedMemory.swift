import CMalloc
import FoundationEssentials
import Glibc
import Logging
import ServiceLifecycle

/// Gives memory back to the system that was freed and not needed again for a while.
///
/// What is freed is kept for the next request, which spares it the clearing of fresh pages. After a storm that
/// would be all that the storm took.
struct FreedMemory: Service {
  /// How often the heap is looked at.
  private static let interval = Duration.seconds(5)
  /// Looks that must find memory unused before it is given back.
  private static let looks = 3
  /// Freed bytes that stay in any case.
  private static let keptBytes = 64 << 20

  let logger: Logger

  func run() async throws {
    try? await cancelWhenGracefulShutdown {
      var free: [Int] = []
      while true {
        try await Task.sleep(for: Self.interval)
        free.append(Self.freeBytes)
        guard free.count >= Self.looks, let least = free.suffix(Self.looks).min() else { continue }
        free.removeFirst()
        guard least > Self.keptBytes else { continue }
        malloc_trim(0)
        logger.debug("freed memory was given back", metadata: ["bytes": "\(least)"])
        free = []
      }
    }
  }

  /// Bytes of the process's own memory that hold nothing: freed, and not given back.
  private static var freeBytes: Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").prefix(3).compactMap { Int($0) }
    guard pages.count == 3 else { return 0 }
    let info = mallinfo2()
    let used = Int(clamping: info.uordblks) + Int(clamping: info.hblkhd)
    return (pages[1] - pages[2]) * Int(sysconf(Int32(_SC_PAGESIZE))) - used
  }
}
