import HistoryStore
import HTTPTypes
import Hummingbird
import Inventory
import NIOCore

extension HTTPServer {
  /// The metrics in Prometheus' text format, with what is measured when it is asked for.
  func scrape() -> Response {
    metrics.set(.buildInfo, 1, [("version", configuration.version)])
    metrics.set(.requestsInFlight, Double(admission.requests.used))
    metrics.set(.bodyBytesInFlight, Double(admission.bodyBytes.used))
    metrics.set(.answerBytesInFlight, Double(admission.answerBytes.used))
    metrics.set(.connections, Double(admission.connections.used))
    metrics.set(.waits, Double(admission.waits.used))
    for (lane, load) in [("fleet", questions.load), ("node", lookups.load)] {
      metrics.set(.questionsRunning, Double(load.running), [("about", lane)])
      metrics.set(.questionsWaiting, Double(load.waiting), [("about", lane)])
    }
    if let sequence = try? store.lastSequence {
      metrics.set(.logRecords, Double(sequence.value))
    }
    metrics.set(.fileBytes, Double(store.fileByteCount))
    watch.look()
    fleet.look()
    if let check = configuration.check?.last { tell(check) }
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text())))
  }

  private func tell(_ check: StoreCheck.Report) {
    // Where a check did not end, the one before says no more.
    let isSound: Double? =
      switch check.outcome {
      case .sound: 1
      case .damaged: 0
      case .unfinished: nil
      }
    if let isSound { metrics.set(.checkSound, isSound) }
    metrics.set(.checkFinished, isSound == nil ? 0 : 1)
    metrics.set(.checkTime, Double(check.finished.seconds))
    metrics.set(.checkDuration, Double(check.milliseconds) / 1000)
  }
}
