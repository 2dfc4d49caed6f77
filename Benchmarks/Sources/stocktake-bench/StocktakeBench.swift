import ArgumentParser

/// Measures what the store promises, on fleets whose history is known.
@main
struct StocktakeBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stocktake-bench",
    abstract: "Measure the store on fleets whose history is known.",
    discussion: """
      Make a fleet, load it, and have every answer checked:

        stocktake-bench fleet --nodes 200 --days 30 --requests m.jsonl --queries m.q.json
        stocktake-bench replay m.jsonl --queries m.q.json --group 64

      Times are CPU seconds, user and system, unless they are called wall. Build for release:

        swift run --package-path Benchmarks -c release stocktake-bench replay --help
      """,
    subcommands: [
      FleetCommand.self, ReplayCommand.self, MeasureCommand.self, GrowthCommand.self,
      GuardCommand.self,
    ])
}
