import FleetModel
import Testing

@Suite struct FleetModelTests {
  private func shape() -> FleetShape {
    var shape = FleetShape(nodeCount: 30, dayCount: 16)
    shape.itemCount = 60
    shape.reinstallChance = 0.01
    shape.lateChance = 0.05
    shape.containerShare = 0.2
    return shape
  }

  private func bodies(_ shape: FleetShape, takenAtOnce count: Int) -> [[UInt8]] {
    var model = FleetModel(shape)
    var result: [[UInt8]] = []
    while true {
      var group: [FleetReport] = []
      while group.count < count, let report = model.next() { group.append(report) }
      if group.isEmpty { return result }
      result += group.map { model.body(of: $0) }
    }
  }

  @Test func equalShapesGiveEqualBytesHoweverManyAreTakenAtOnce() {
    let one = bodies(shape(), takenAtOnce: 1)
    #expect(one.count == 30 * 16)
    for count in [2, 7, 64, 1000] { #expect(bodies(shape(), takenAtOnce: count) == one) }
  }

  @Test func anotherSeedGivesAnotherFleet() {
    var other = shape()
    other.seed = 2
    #expect(bodies(other, takenAtOnce: 64) != bodies(shape(), takenAtOnce: 64))
  }

  @Test func observersAlterNothing() {
    var model = FleetModel(shape())
    let questions = FleetQuestions(shape(), countOfEachKind: 5)
    model.observers = [questions]
    var result: [[UInt8]] = []
    while let report = model.next() { result.append(model.body(of: report)) }
    #expect(result == bodies(shape(), takenAtOnce: 64))
    #expect(questions.answered.count > 25)
  }

  @Test func everyReportOfEveryDayArrivesOnceAndSomeArriveLate() {
    var model = FleetModel(shape())
    var seen: Set<[Int]> = []
    var newest: [Int: Int] = [:]
    var lateCount = 0
    while let report = model.next() {
      #expect(seen.insert([report.node, report.day]).inserted)
      if report.day < newest[report.node, default: 0] { lateCount += 1 }
      newest[report.node] = max(report.day, newest[report.node, default: 0])
    }
    #expect(seen.count == 30 * 16)
    #expect(lateCount > 3)
  }

  @Test func kernelsOfOneNameStandBesideEachOther() {
    var model = FleetModel(shape())
    var most = 0
    while let report = model.next() {
      let kernels = report.items.filter { model.catalogue.name($0.version) == "kernel-core" }
      most = max(most, kernels.count)
    }
    #expect(most == 3)
  }

  @Test func changesLeadFromEachInventoryToTheNext() {
    let follower = Follower()
    var model = FleetModel(shape())
    model.observers = [follower]
    while model.next() != nil {}
    #expect(follower.stepCount == 30 * 16)
    #expect(follower.mistakes == 0)
  }
}

/// Keeps inventories by changes alone and compares them with the model's.
private final class Follower: FleetObserver {
  var stepCount = 0
  var mistakes = 0
  private var held: [Int: [UInt32]] = [:]

  func take(_ step: FleetStep, of model: borrowing FleetModel) {
    stepCount += 1
    var versions = held[step.report.node] ?? []
    for change in step.changes {
      if let old = change.old, let place = versions.firstIndex(of: old) {
        versions.remove(at: place)
      }
      if let new = change.new { versions.append(new) }
    }
    held[step.report.node] = versions
    if versions.sorted() != step.report.items.map(\.version).sorted() { mistakes += 1 }
  }

  func endDay(_ day: Int, of model: borrowing FleetModel) {}
}
