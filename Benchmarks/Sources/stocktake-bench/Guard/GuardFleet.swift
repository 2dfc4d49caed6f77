import FleetModel

/// A small fleet in memory: bodies for the store, changes for SQLite, questions for both.
final class GuardFleet: FleetObserver {
  /// What one report changes, as rows.
  struct Step {
    var node: Int64
    var time: Int64
    var gone: [Int64] = []
    var come: [(version: Int64, installed: Int64)] = []
  }

  private(set) var bodies: [[UInt8]] = []
  private(set) var steps: [Step] = []
  private(set) var queries: [FleetQuery] = []
  private(set) var catalogue: VersionCatalogue
  private(set) var numbers: [String: Int64] = [:]
  private(set) var itemCount = 0

  init() {
    var shape = FleetShape(nodeCount: 64, dayCount: 10)
    shape.itemCount = 200
    shape.lateChance = 0
    shape.reinstallChance = 0
    var model = FleetModel(shape)
    catalogue = model.catalogue
    let questions = FleetQuestions(shape, countOfEachKind: 100)
    model.observers = [questions, self]
    while let report = model.next() {
      bodies.append(model.body(of: report))
      itemCount += report.items.count
      numbers[model.name(of: report.node)] = Int64(report.node)
    }
    catalogue = model.catalogue
    queries = questions.answered
  }

  func take(_ step: FleetStep, of model: borrowing FleetModel) {
    var row = Step(node: Int64(step.report.node), time: step.report.time)
    for change in step.changes {
      if let old = change.old { row.gone.append(Int64(old)) }
      guard let new = change.new,
        let item = step.report.items.first(where: { $0.version == new })
      else { continue }
      row.come.append((Int64(new), Int64(item.installed)))
    }
    steps.append(row)
  }

  func endDay(_ day: Int, of model: borrowing FleetModel) {}
}
