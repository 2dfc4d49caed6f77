import ArgumentParser
import FleetModel
import Foundation

/// Writes a made-up fleet's reports and the true answers about them.
struct FleetCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fleet",
    abstract: "Make up a fleet: its reports, and the true answers about them.",
    discussion: """
      The same options give the same bytes. Without any file it is only counted, which shows how
      fast reports are made.

        stocktake-bench fleet --nodes 200 --days 30 --requests m.jsonl --queries m.q.json
        stocktake-bench fleet --nodes 100000 --days 2 --requests - | head -c 1000
        stocktake-bench fleet --nodes 1000 --days 30 --rows rows --events changes.csv
      """)

  @OptionGroup var fleet: FleetOptions
  @Option(help: "Requests, one JSON object a line; - is standard output.") var requests: String?
  @Option(help: "Folder for day-NNN.tsv, pv.tsv and hosts.tsv.") var rows: String?
  @Option(help: "JSON of questions and the digests of their answers.") var queries: String?
  @Option(help: "CSV of the true changes.") var events: String?
  @Option(help: "Questions of each kind.") var questions = 200

  func run() throws {
    let start = Usage.now
    var model = FleetModel(fleet.shape)
    let asked = queries.map { _ in
      FleetQuestions(fleet.shape, countOfEachKind: questions)
    }
    let eventsFile = try events.map { try FleetEventsFile($0) }
    let rowsFolder = try rows.map { try FleetRowsFolder($0) }
    let observers: [(any FleetObserver)?] = [asked, eventsFile, rowsFolder]
    model.observers = observers.compactMap { $0 }
    let output = try requests.map { try OutputFile($0) }
    var counts = (reports: 0, items: 0, bytes: 0)
    while let report = model.next() {
      var body = model.body(of: report)
      counts.reports += 1
      counts.items += report.items.count
      counts.bytes += body.count
      if let output {
        body.append(10)
        try output.write(body)
      }
    }
    try output?.flush()
    try eventsFile?.finish()
    try rowsFolder?.finish(model)
    if let queries, let asked { try write(asked.answered, to: queries) }
    let spent = Usage.now - start
    let summary =
      #"{"nodes":\#(fleet.nodes),"days":\#(fleet.days),"reports":\#(counts.reports),"#
      + #""item_reports":\#(counts.items),"package_versions":\#(model.catalogue.count),"#
      + #""json_bytes":\#(counts.bytes),"cpu_seconds":\#(decimal(spent.cpu, 3)),"#
      + #""max_resident_bytes":\#(Usage.maxResidentBytes)}"#
    FileHandle.standardError.write(Data((summary + "\n").utf8))
  }

  private func write(_ queries: [FleetQuery], to path: String) throws {
    let file = try OutputFile(path)
    try file.writeLine("[")
    for (index, query) in queries.enumerated() {
      try file.writeLine(query.json + (index + 1 < queries.count ? "," : ""))
    }
    try file.writeLine("]")
    try file.flush()
  }
}

/// What a fleet is like, as options.
struct FleetOptions: ParsableArguments {
  @Option(help: "Nodes.") var nodes = 200
  @Option(help: "Days; each node reports once a day.") var days = 30
  @Option(help: "Packages of a node, about.") var items = 500
  @Option(help: "What the random numbers come from.") var seed: UInt64 = 1
  @Option(help: "Share of reports that arrive one to three days late.") var late = 0.002
  @Option(help: "Share of nodes with containers, whose interfaces come and go.") var containers =
    0.0
  @Flag(help: "Give each kernel a name of its own, as Debian does.") var distinctKernels = false

  func validate() throws {
    guard (1...10_000_000).contains(nodes), (1...20_000).contains(days), (5...5000).contains(items)
    else {
      throw ValidationError("a fleet has at least 1 node, 1 day, and 5 to 5000 items a node")
    }
  }

  var shape: FleetShape {
    var shape = FleetShape(nodeCount: nodes, dayCount: days)
    shape.itemCount = items
    shape.seed = seed
    shape.lateChance = late
    shape.containerShare = containers
    shape.kernelsShareName = !distinctKernels
    return shape
  }
}
