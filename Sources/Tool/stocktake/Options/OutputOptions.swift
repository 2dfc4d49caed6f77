import ArgumentParser

/// How the answer is written.
struct OutputOptions: ParsableArguments {
  @Option(help: "table for people; json, ndjson or csv for programs.")
  var format = OutputFormat.table
}
