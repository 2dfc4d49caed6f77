import ArgumentParser
import Foundation

/// Measures one figure after the other and prints each as a JSON object.
struct MeasureCommand: AsyncParsableCommand {
  static let figures = WholeStore.figures + SmallStore.figures + ["append"]

  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measure figures, one JSON object a line.",
    discussion: """
      Meant to be run round by round, in turns with other databases. The status is 1 where an
      answer was wrong.

        stocktake-bench measure m.jsonl --queries m.q.json
        stocktake-bench measure m.jsonl --queries m.q.json --figures ingest-many,state,who

      Reports that wait at once are read on all cores; for one core only, begin with taskset:

        taskset -c 0 stocktake-bench measure m.jsonl --queries m.q.json --figures concurrent

      Figures: \(figures.joined(separator: ", ")).
      """)

  @Argument(help: "Requests, one JSON object a line.") var requests: String
  @Option(help: "Questions with the digests of their answers.") var queries: String
  @Option(help: "Only these, separated by commas.") var figures: String?

  func validate() throws {
    for name in chosen where !Self.figures.contains(name) {
      throw ValidationError("there is no figure \(name)")
    }
  }

  private var chosen: [String] {
    figures?.split(separator: ",").map(String.init) ?? Self.figures
  }

  func run() async throws {
    let list = FigureList(wanted: Set(chosen))
    // First of all, so that the memory of ingest is not that of something before it.
    if !list.wanted.isDisjoint(with: WholeStore.figures) {
      try WholeStore(requests: requests, queries: queries, list: list).run()
    }
    if !list.wanted.isDisjoint(with: SmallStore.figures) {
      try await SmallStore(requests: requests, list: list).run()
    }
    if list.wants("append") {
      let count = 500_000
      let usage = try BareAppend.run(recordCount: count)
      list.add(
        Figure(
          figure: "append", units: count, unit: "records", usage: usage,
          note: "\(BareAppend.recordBytes) bytes each, bare LMDB, "
            + "\(BareAppend.transactionCount) a durable transaction"))
    }
    if list.wrongCount > 0 { throw ExitCode(1) }
  }
}
