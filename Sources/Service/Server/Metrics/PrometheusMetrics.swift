package import CoreMetrics
import Synchronization

/// A back end of swift-metrics that keeps everything in memory and writes Prometheus' text format.
///
/// Source of the format: Prometheus, "Exposition formats", text version 0.0.4.
package final class PrometheusMetrics: MetricsFactory, Sendable {
  /// One metric with one set of labels.
  final class Series: CounterHandler, RecorderHandler, TimerHandler, MeterHandler, Sendable {
    enum Kind: String { case counter, gauge, histogram }

    let kind: Kind
    let labels: String
    private struct Value {
      var sum = 0.0
      var count: UInt64 = 0
      var buckets: [UInt64]
    }
    private let value: Mutex<Value>

    /// The upper bounds of a histogram's buckets, in seconds.
    static let bounds = [
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    init(_ kind: Kind, labels: String) {
      self.kind = kind
      self.labels = labels
      value = Mutex(Value(buckets: Array(repeating: 0, count: Self.bounds.count)))
    }

    func increment(by amount: Int64) { value.withLock { $0.sum += Double(amount) } }
    func reset() { value.withLock { $0.sum = 0 } }
    func record(_ amount: Int64) { record(Double(amount)) }
    func record(_ amount: Double) { observe(amount) }
    func recordNanoseconds(_ duration: Int64) { observe(Double(duration) / 1e9) }
    func set(_ amount: Int64) { set(Double(amount)) }
    func set(_ amount: Double) { value.withLock { $0.sum = amount } }
    func increment(by amount: Double) { value.withLock { $0.sum += amount } }
    func decrement(by amount: Double) { value.withLock { $0.sum -= amount } }

    private func observe(_ amount: Double) {
      let bucket = Self.bounds.firstIndex { amount <= $0 }
      value.withLock { value in
        value.sum += amount
        value.count += 1
        if let bucket { value.buckets[bucket] += 1 }
      }
    }

    func write(_ name: String, to text: inout String) {
      let value = value.withLock { $0 }
      guard kind == .histogram else {
        text += "\(name)\(braces(labels)) \(PrometheusMetrics.number(value.sum))\n"
        return
      }
      var below: UInt64 = 0
      for (bound, count) in zip(Self.bounds, value.buckets) {
        below += count
        text += "\(name)_bucket\(braces(labels, "le=\"\(bound)\"")) \(below)\n"
      }
      text += "\(name)_bucket\(braces(labels, "le=\"+Inf\"")) \(value.count)\n"
      text += "\(name)_sum\(braces(labels)) \(value.sum)\n"
      text += "\(name)_count\(braces(labels)) \(value.count)\n"
    }

    private func braces(_ labels: String, _ more: String = "") -> String {
      let all = [labels, more].filter { !$0.isEmpty }.joined(separator: ",")
      return all.isEmpty ? "" : "{\(all)}"
    }
  }

  private struct State {
    var series: [String: [String: Series]] = [:]
  }

  private let state = Mutex(State())

  /// Sets of labels a metric can have; more share one without labels, so that memory has a bound.
  private static let labelsMax = 500

  package init() {}

  /// Whole numbers without a fraction, as Prometheus writes them itself.
  fileprivate static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return Int64(exactly: value).map { String($0) } ?? "\(value)"
  }

  /// Sets a gauge.
  func set(_ metric: Metric, _ value: Double, _ labels: [(String, String)] = []) {
    series(.gauge, metric.name, labels).set(value)
  }

  private func series(
    _ kind: Series.Kind, _ name: String, _ dimensions: [(String, String)]
  ) -> Series {
    let name = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    let labels = dimensions.map { "\($0.0)=\"\(Self.escape($0.1))\"" }.joined(separator: ",")
    return state.withLock { state in
      if let known = state.series[name]?[labels] { return known }
      let isFull = (state.series[name]?.count ?? 0) >= Self.labelsMax
      let made = Series(kind, labels: isFull ? "" : labels)
      if isFull, let shared = state.series[name]?[""] { return shared }
      state.series[name, default: [:]][made.labels] = made
      return made
    }
  }

  private static func escape(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.append(character)
      }
    }
    return result
  }

  /// Everything in Prometheus' text format.
  package func text() -> String {
    let all = state.withLock { $0.series }
    var text = ""
    for (name, series) in all.sorted(by: { $0.key < $1.key }) {
      guard let kind = series.values.first?.kind else { continue }
      text += "# HELP \(name) \(Metric.help(of: name))\n"
      text += "# TYPE \(name) \(kind.rawValue)\n"
      for one in series.sorted(by: { $0.key < $1.key }) { one.value.write(name, to: &text) }
    }
    return text
  }

  /// The counter of these labels.
  package func makeCounter(
    label: String, dimensions: [(String, String)]
  ) -> any CounterHandler { series(.counter, label, dimensions) }

  /// The histogram of these labels, or the gauge where nothing is to be added up.
  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler { series(aggregate ? .histogram : .gauge, label, dimensions) }

  /// The gauge of these labels.
  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(.gauge, label, dimensions)
  }

  /// The histogram of these labels.
  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(.histogram, label, dimensions)
  }

  /// Series stay for as long as the process runs, as Prometheus expects of counters.
  package func destroyCounter(_ handler: any CounterHandler) {}
  /// As for counters.
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  /// As for counters.
  package func destroyMeter(_ handler: any MeterHandler) {}
  /// As for counters.
  package func destroyTimer(_ handler: any TimerHandler) {}
}
