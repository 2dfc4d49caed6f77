import Glibc
import Inventory
import JSONTape
import Logging
import Synchronization
import Terminal

/// Writes log records as lines of JSON to standard error, or to a file.
struct JSONLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  private let label: String
  private let file: LogFile?
  /// One line at a time, whatever thread it comes from.
  private static let lock = Mutex(())

  init(label: String, level: Logger.Level, file: LogFile? = nil) {
    self.label = label
    self.file = file
    logLevel = level
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    let now = Instant(
      milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    var members: [JSONValue.Member] = [
      .init("time", .string(now.description)),
      .init("level", .string(event.level.rawValue)), .init("logger", .string(label)),
      .init("message", .string("\(event.message)")),
    ]
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    for (name, value) in all.sorted(by: { $0.key < $1.key }) {
      members.append(.init(name, .string("\(value)")))
    }
    var line: [UInt8] = []
    JSONValue.object(members).write(to: &line)
    line.append(UInt8(ascii: "\n"))
    if let file {
      file.add(line)
    } else {
      Self.lock.withLock { _ in writeAll(line[...], to: STDERR_FILENO) }
    }
  }
}
