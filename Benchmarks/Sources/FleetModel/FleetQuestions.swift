/// Chooses questions before the first day and answers them from what the model knows as it goes by.
public final class FleetQuestions: FleetObserver {
  /// The questions whose day has passed, with the digests of their answers.
  public private(set) var answered: [FleetQuery] = []

  private let shape: FleetShape
  private var random: FleetRandom
  /// Questions for the end of a day, and the node they are about.
  private var due: [Int: [(FleetQuery, Int)]] = [:]
  private var histories: [Int: ChangePairs] = [:]
  private var historyNodes: [Int] = []
  /// Inventories that a difference begins with, by day and node.
  private var saved: [Int: [Int: [FleetItem]]] = [:]
  private var ranges: [ChangeRange]
  /// How many nodes have each version, by its number.
  private var holders: [Int] = []
  private var rollouts: [Rollout] = []

  /// Chooses questions: so many of each kind that is about one node or package, some roll-outs, and
  /// a few of those about the whole fleet.
  public init(_ shape: FleetShape, countOfEachKind: Int) {
    self.shape = shape
    var random = FleetRandom(seed: shape.seed, .questions)
    ranges = (0..<min(countOfEachKind, 20)).map { _ in ChangeRange(shape, &random) }
    self.random = random
    for _ in 0..<countOfEachKind {
      plan("asof", on: day())
      plan("who", on: day())
      planDifference()
      plan("current", on: shape.dayCount - 1)
      let node = self.random.below(shape.nodeCount)
      if histories.updateValue(ChangePairs(), forKey: node) == nil { historyNodes.append(node) }
    }
    for _ in 0..<min(countOfEachKind, 10) { plan("rollup", on: day()) }
    planRollouts(min(countOfEachKind, 50))
  }

  private func day() -> Int { random.below(shape.dayCount) }

  private func plan(_ kind: String, on day: Int) {
    due[day, default: []].append((FleetQuery(q: kind), random.below(shape.nodeCount)))
  }

  private func planDifference() {
    let (a, b) = (day(), day())
    let node = random.below(shape.nodeCount)
    var query = FleetQuery(q: "diff")
    query.from = FleetModel.endOfDay(min(a, b))
    query.to = FleetModel.endOfDay(max(a, b))
    due[max(a, b), default: []].append((query, node))
    saved[min(a, b), default: [:]][node] = []
  }

  private func planRollouts(_ count: Int) {
    let plan = FleetPlan(shape)
    let candidates = plan.common.joined() + [plan.pool.firstKernel]
    for index in 0..<count {
      let package = index == 0 ? plan.pool.firstKernel : candidates[random.below(candidates.count)]
      rollouts.append(Rollout(package: package, name: plan.pool.packages[package].name))
    }
  }

  /// Takes what became of one node.
  public func take(_ step: FleetStep, of model: borrowing FleetModel) {
    guard step.isChanged else { return }
    while holders.count < model.catalogue.count { holders.append(0) }
    for change in step.changes where change.old != change.new {
      if let old = change.old { holders[Int(old)] -= 1 }
      if let new = change.new { holders[Int(new)] += 1 }
    }
    let report = step.report
    if histories[report.node] != nil {
      for change in step.changes {
        histories[report.node]?.add(change, prefix: "\(report.time)\t", model.catalogue)
      }
    }
    for index in ranges.indices where ranges[index].contains(report.time) {
      let prefix = "\(report.time)\t\(model.name(of: report.node))\t"
      for change in step.changes {
        ranges[index].pairs.add(change, prefix: prefix, model.catalogue)
      }
    }
  }

  /// Answers the questions of a day.
  public func endDay(_ day: Int, of model: borrowing FleetModel) {
    for node in (saved[day] ?? [:]).keys { saved[day]?[node] = model.inventory(of: node) }
    for (query, node) in due.removeValue(forKey: day) ?? [] {
      answered.append(answer(query, node, day, model))
    }
    for index in rollouts.indices { rollouts[index].take(day, holders, model.catalogue) }
    guard day == shape.dayCount - 1 else { return }
    for node in historyNodes {
      var query = FleetQuery(q: "history")
      query.host = model.name(of: node)
      query.answer(histories[node]?.lines ?? DigestLines())
      answered.append(query)
    }
    answered += rollouts.map { $0.query(days: shape.dayCount) } + ranges.map(\.query)
  }

  private func answer(
    _ question: FleetQuery, _ node: Int, _ day: Int, _ model: borrowing FleetModel
  ) -> FleetQuery {
    var query = question
    var lines = DigestLines()
    switch query.q {
    case "asof", "current":
      query.host = model.name(of: node)
      if query.q == "asof" { query.time = FleetModel.endOfDay(day) }
      for item in model.inventory(of: node) {
        lines.add(
          model.catalogue.name(item.version), model.catalogue.text(of: item.version),
          "\(item.installed)")
      }
    case "who":
      query.time = FleetModel.endOfDay(day)
      let items = model.inventory(of: node)
      let wanted = items[random.below(items.count)].version
      query.name = model.catalogue.name(wanted)
      query.version = model.catalogue.text(of: wanted)
      for other in 0..<shape.nodeCount
      where model.inventory(of: other).contains(where: { $0.version == wanted }) {
        lines.add(model.name(of: other))
      }
    case "diff":
      query.host = model.name(of: node)
      let from = Int(((query.from ?? 0) - FleetShape.firstDay) / FleetShape.daySeconds)
      let old = saved[from]?[node] ?? []
      var pairs = ChangePairs()
      for change in model.catalogue.changes(from: old, to: model.inventory(of: node)) {
        pairs.add(change, prefix: "", model.catalogue)
      }
      lines = pairs.lines
    default:
      query.time = FleetModel.endOfDay(day)
      for (version, count) in holders.enumerated() where count > 0 {
        let version = UInt32(version)
        lines.add(model.catalogue.name(version), model.catalogue.text(of: version), "\(count)")
      }
    }
    query.answer(lines)
    return query
  }
}

/// A range of time of which all changes are wanted.
private struct ChangeRange {
  let from: Int64
  let to: Int64
  var pairs = ChangePairs()

  /// Within the hours in which nodes report; shorter in larger fleets, so that answers stay small.
  init(_ shape: FleetShape, _ random: inout FleetRandom) {
    let day = shape.dayCount == 1 ? 0 : 1 + random.below(shape.dayCount - 1)
    let length = max(10, min(7200, 7200 * 1000 / shape.nodeCount))
    let start = 3 * 3600 + random.below(7200 - min(7190, length))
    from = FleetShape.firstDay + Int64(day) * FleetShape.daySeconds + Int64(start)
    to = from + Int64(length)
  }

  func contains(_ time: Int64) -> Bool { (from..<to).contains(time) }

  var query: FleetQuery {
    var query = FleetQuery(q: "changes")
    query.from = from
    query.to = to
    query.answer(pairs.lines)
    return query
  }
}

/// How many nodes have each version of a package, day by day.
private struct Rollout {
  let package: Int
  let name: String
  var lines = DigestLines()

  init(package: Int, name: String) {
    self.package = package
    self.name = name
  }

  mutating func take(_ day: Int, _ holders: [Int], _ catalogue: VersionCatalogue) {
    for version in catalogue.ids(of: package)
    where Int(version) < holders.count && holders[Int(version)] > 0 {
      lines.add(
        "\(FleetModel.endOfDay(day))", catalogue.text(of: version), "\(holders[Int(version)])")
    }
  }

  func query(days: Int) -> FleetQuery {
    var query = FleetQuery(q: "rollout")
    query.name = name
    query.from = FleetModel.endOfDay(0)
    query.days = days
    query.answer(lines)
    return query
  }
}

extension ChangePairs {
  fileprivate mutating func add(
    _ change: FleetChange, prefix: String, _ catalogue: VersionCatalogue
  ) {
    guard let version = change.new ?? change.old else { return }
    add(
      prefix: prefix, name: catalogue.name(version), old: change.old.map(catalogue.text),
      new: change.new.map(catalogue.text))
  }
}
