import ArgumentParser
import FleetModel
import Foundation
import HistoryStore

/// Measures the same figures on fleets of different size and age.
struct GrowthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth",
    abstract: "Measure ingest, state and who-had as fleets grow, one JSON object a line.",
    discussion: """
      A point is a number of nodes and of days. Ingest is measured over the last tenth of the
      reports, when the store is nearly as large as it gets. Every answer is compared.

        stocktake-bench growth
        stocktake-bench growth --points 1000x30,10000x30,100000x30 --items 50
        stocktake-bench growth --points 200x30,200x365,200x1825 --items 500
      """)

  @Option(help: "Fleets, as NODESxDAYS, separated by commas.") var points =
    "1000x30,10000x30,100000x30,1000x365,1000x1825"
  @Option(help: "Packages of a node, about.") var items = 20
  @Option(help: "What the random numbers come from.") var seed: UInt64 = 1
  @Option(help: "Questions of each kind.") var questions = 200

  func validate() throws { _ = try shapes() }

  private func shapes() throws -> [FleetShape] {
    try points.split(separator: ",").map { point in
      let numbers = point.split(separator: "x").compactMap { Int($0) }
      guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else {
        throw ValidationError("\(point) is not NODESxDAYS")
      }
      var shape = FleetShape(nodeCount: numbers[0], dayCount: numbers[1])
      shape.itemCount = items
      shape.seed = seed
      return shape
    }
  }

  func run() throws {
    let list = FigureList(wanted: ["growth-ingest", "growth-disk", "growth-state", "growth-who"])
    for shape in try shapes() { try measure(shape, list) }
    if list.wrongCount > 0 { throw ExitCode(1) }
  }

  private func measure(_ shape: FleetShape, _ list: FigureList) throws {
    let workspace = try Workspace()
    var model = FleetModel(shape)
    let asked = FleetQuestions(shape, countOfEachKind: questions)
    model.observers = [asked]
    let mark = shape.nodeCount * shape.dayCount * 9 / 10
    var loader = Loader(store: workspace.store, groupCount: 64)
    var last = Loader(store: workspace.store, groupCount: 64)
    var count = 0
    while let report = model.next() {
      if count == mark { try loader.flush() }
      try count < mark ? loader.take(model.body(of: report)) : last.take(model.body(of: report))
      count += 1
    }
    try last.flush()
    let statistics = try workspace.store.statistics()
    let size = [
      ("nodes", shape.nodeCount), ("days", shape.dayCount), ("events", statistics.changeEvents),
    ]
    list.add(
      Figure(
        figure: "growth-ingest", units: last.items, unit: "item reports", usage: last.usage,
        extra: size, note: "the last tenth of \(count) reports, 64 a commit"))
    list.add(
      Figure(
        figure: "growth-disk", units: statistics.changeEvents, unit: "events",
        extra: size + [("bytes", statistics.liveByteCount)], note: "live pages"))
    let asking = Asking(questions: Questions(store: workspace.store), queries: asked.answered)
    for (name, kind) in [("growth-state", "asof"), ("growth-who", "who")] {
      guard let outcome = try asking.ask(kind) else { continue }
      var figure = WholeStore.figure(name, outcome)
      figure.extra = size + [("lines", outcome.units)]
      list.add(figure)
    }
  }
}
