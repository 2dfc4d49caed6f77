import Foundation
import Inventory
import Testing

@testable import HistoryStore

/// The store against the reference, in random runs that can be repeated from their seeds.
///
/// `STOCKTAKE_SEED` names the first seed, `STOCKTAKE_MODEL_RUNS` the number of runs of each plan.
@Suite struct ModelTests {
  private static func number(_ name: String, otherwise: UInt64) -> UInt64 {
    ProcessInfo.processInfo.environment[name].flatMap(UInt64.init) ?? otherwise
  }

  private static var seeds: Range<UInt64> {
    let first = number("STOCKTAKE_SEED", otherwise: 1)
    return first..<(first + number("STOCKTAKE_MODEL_RUNS", otherwise: UInt64(longForm(3, 60))))
  }

  private func run(_ seed: UInt64, _ plan: ModelPlan) throws {
    print("model seed \(seed)")
    do {
      var model = try Model(seed: seed, plan: plan)
      try model.run()
    } catch {
      Issue.record("STOCKTAKE_SEED=\(seed) STOCKTAKE_MODEL_RUNS=1: \(error)")
    }
  }

  @Test(arguments: seeds) func `a fleet answers as the definition says`(seed: UInt64) throws {
    try run(seed, ModelPlan())
  }

  @Test(arguments: seeds)
  func `one node with many late reports answers as the definition says`(seed: UInt64) throws {
    var plan = ModelPlan(steps: 250, nodes: 1, scopeCount: 1, seconds: 60, newest: 30)
    plan.types = [ContentMaker.types[Int(seed % 6)]]
    plan.comparisons = 3
    try run(seed, plan)
  }

  @Test(arguments: seeds)
  func `a few valid times, each reported often, answer as the definition says`(
    seed: UInt64
  ) throws {
    var plan = ModelPlan(steps: 120, nodes: 2, scopeCount: 1, seconds: 3, newest: 1)
    plan.types = [.application, .instanceInformation]
    try run(seed, plan)
  }
}
