import HistoryStore
import Logging
import Metrics

/// Tells of the store's readers: in metrics, and in the log where one hangs.
struct StoreWatch: Sendable {
  private let readers: ReaderWatch
  private let metrics: PrometheusMetrics
  private let logger: Logger
  private let secondsMax: Int64

  init(
    _ store: HistoryStore, secondsMax: Int64, metrics: PrometheusMetrics, logger: Logger
  ) {
    readers = ReaderWatch(store, secondsMax: secondsMax)
    self.secondsMax = secondsMax
    self.metrics = metrics
    self.logger = logger
  }

  /// Frees places of dead readers, brings the metrics up to date, and tells the log of each reader that is
  /// overdue, once.
  func look() {
    let look: ReaderWatch.Look
    do { look = try readers.look() } catch {
      logger.error("cannot look at the store's readers", metadata: ["error": "\(error)"])
      return
    }
    metrics.set(.readers, Double(look.readerCount))
    metrics.set(.readerAge, Double(look.oldest?.ageSeconds ?? 0))
    metrics.set(.readerLag, Double(look.oldest?.transactionsBehind ?? 0))
    metrics.set(.readerPinned, Double(look.oldest?.pinnedByteCount ?? 0))
    Counter(label: Metric.deadReaders.name, factory: metrics)
      .increment(by: Int64(look.clearedCount))
    if look.clearedCount > 0 {
      logger.notice(
        "places of readers that died were freed", metadata: ["count": "\(look.clearedCount)"])
    }
    for reader in look.overdue {
      logger.warning(
        "\(reader.process) reads an old state of the store and keeps its file from shrinking: end it if it hangs",
        metadata: [
          "pid": "\(reader.process.id)", "program": "\(reader.process.program ?? "")",
          "stopped": "\(reader.process.isStopped)", "seconds": "\(reader.ageSeconds)",
          "secondsMax": "\(secondsMax)", "transactionsBehind": "\(reader.transactionsBehind)",
          "pinnedBytes": "\(reader.pinnedByteCount)",
        ])
    }
  }
}
