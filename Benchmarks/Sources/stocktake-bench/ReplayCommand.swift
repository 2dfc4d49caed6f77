import ArgumentParser
import FleetModel
import Foundation
import HistoryStore

/// Loads a file of requests, asks a file of questions, compares every answer.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Load requests, ask questions, and compare every answer.",
    discussion: """
      Takes what `fleet` writes, and any other files of those formats. The status is 1 where an
      answer was wrong.

        stocktake-bench replay m.jsonl --queries m.q.json --group 64
        stocktake-bench replay m.jsonl --queries m.q.json --group 1 --format json
        stocktake-bench fleet --nodes 50 --days 9 --queries q.json --requests - \\
          | stocktake-bench replay - --queries q.json
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

  @Argument(help: "Requests, one JSON object a line; - is standard input.") var requests: String
  @Option(help: "Questions with the digests of their answers.") var queries: String
  @Option(help: "Reports that share one durable commit.") var group = 64
  @Option(help: "Where to make the store and keep it; else it is gone afterwards.") var store:
    String?
  @Option(help: "How to print.") var format = Format.table
  @Option(help: "How often to ask each question.") var repetitions = 5

  func validate() throws {
    guard group > 0, repetitions > 0 else {
      throw ValidationError("--group and --repetitions are at least 1")
    }
  }

  func run() throws {
    let workspace = try Workspace(store)
    let total = Usage.now
    var reader = try LineReader(requests)
    var loader = Loader(store: workspace.store, groupCount: group)
    while let line = try reader.next() { try loader.take(line) }
    try loader.flush()
    let reading = Usage.now - total - loader.usage
    let resident = Usage.maxResidentBytes
    var asking = try Asking(
      questions: Questions(store: workspace.store), queriesFile: queries)
    asking.repetitions = repetitions
    let outcomes = try Questions.kinds.compactMap { try asking.ask($0) }
    let summary = ReplaySummary(
      loader: loader, reading: reading, residentBytes: resident,
      statistics: try workspace.store.statistics(), outcomes: outcomes, unknown: asking.unknown)
    print(format == .json ? summary.json : summary.table)
    guard !outcomes.isEmpty, outcomes.allSatisfy({ $0.wrong == 0 }) else { throw ExitCode(1) }
  }
}

/// What a replay came to.
struct ReplaySummary {
  let loader: Loader
  let reading: Usage
  let residentBytes: Int
  let statistics: Statistics
  let outcomes: [Asking.Outcome]
  let unknown: [String: Int]

  private var figures: [(key: String, title: String, value: String)] {
    let cpu = loader.usage.cpu
    let events = Double(max(1, statistics.changeEvents))
    let microseconds = cpu * 1e6 / Double(max(1, loader.reports))
    return [
      ("reports", "reports, \(loader.groupCount) a durable commit", "\(loader.reports)"),
      ("item_reports", "item reports", "\(loader.items)"),
      ("change_events", "change events", "\(statistics.changeEvents)"),
      ("cpu_seconds", "ingest, CPU seconds", decimal(cpu, 3)),
      ("wall_seconds", "ingest, wall seconds", decimal(loader.usage.wall, 3)),
      ("reading_cpu_seconds", "reading the file, CPU seconds", decimal(reading.cpu, 3)),
      ("cpu_us_per_report", "CPU per report, µs", decimal(microseconds, 1)),
      (
        "items_per_cpu_second", "item reports per CPU second",
        decimal(Double(loader.items) / cpu, 0)
      ),
      (
        "bytes_per_event", "live bytes per change event",
        decimal(Double(statistics.liveByteCount) / events, 1)
      ),
      ("max_resident_bytes", "resident while ingesting, bytes", "\(residentBytes)"),
    ]
  }

  var table: String {
    var lines = figures.map {
      $0.title.padding(toLength: 40, withPad: " ", startingAt: 0) + $0.value
    }
    lines.append("")
    lines.append(
      row(["question", "asked", "wrong", "p50 µs", "p99 µs", "per line µs", "CPU per line µs"]))
    for outcome in outcomes {
      lines.append(
        row([
          outcome.kind, "\(outcome.count)", "\(outcome.wrong)",
          decimal(outcome.times.percentile(50), 1), decimal(outcome.times.percentile(99), 1),
          decimal(outcome.microsecondsPerUnit, 3), decimal(outcome.cpuMicrosecondsPerUnit, 3),
        ]))
      if let beyond = Self.beyond(outcome) {
        lines.append(
          row([
            "  beyond \(Self.microsecondsPerChange) µs a change".padding(
              toLength: 36, withPad: " ", startingAt: 0),
            decimal(beyond.percentile(50), 1), decimal(beyond.percentile(99), 1),
          ]))
      }
    }
    for (kind, count) in unknown.sorted(by: { $0.key < $1.key }) {
      lines.append(row([kind, "\(count)", "not asked: the store has no such question"]))
    }
    return lines.joined(separator: "\n")
  }

  private func row(_ fields: [String]) -> String {
    fields.map { $0.padding(toLength: max(12, $0.count), withPad: " ", startingAt: 0) }.joined()
  }

  /// A difference of two dates may take this long for each change, beside what it takes anyway.
  private static let microsecondsPerChange = 0.3

  private static func beyond(_ outcome: Asking.Outcome) -> Times? {
    outcome.kind == "diff" ? outcome.times(beyond: microsecondsPerChange) : nil
  }

  private func beyondJSON(_ outcome: Asking.Outcome) -> String {
    guard let beyond = Self.beyond(outcome) else { return "" }
    return #","beyond_changes_p50_us":\#(decimal(beyond.percentile(50), 2)),"#
      + #""beyond_changes_p99_us":\#(decimal(beyond.percentile(99), 2))"#
  }

  var json: String {
    let numbers = figures.map { #""\#($0.key)":\#($0.value)"# }
    let kinds = outcomes.map { outcome in
      #"{"kind":"\#(outcome.kind)","count":\#(outcome.count),"wrong":\#(outcome.wrong),"#
        + #""p50_us":\#(decimal(outcome.times.percentile(50), 2)),"#
        + #""p99_us":\#(decimal(outcome.times.percentile(99), 2)),"lines":\#(outcome.units),"#
        + #""cpu_us_per_line":\#(decimal(outcome.cpuMicrosecondsPerUnit, 3))\#(beyondJSON(outcome))}"#
    }
    let skipped = unknown.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
    return "{" + numbers.joined(separator: ",") + #","questions":["# + kinds.joined(separator: ",")
      + #"],"not_asked":{"# + skipped.joined(separator: ",") + "}}"
  }
}
