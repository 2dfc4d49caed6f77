import Benchmark
import HistoryStore
import Inventory

/// Finer than `stocktake-bench`: one operation each, for comparing two versions of the code.
let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = Benchmark.Configuration(
    metrics: [.wallClock, .instructions], maxDuration: .seconds(2), maxIterations: 10_000)

  // A day's reports can be new only once.
  let once = Benchmark.Configuration(
    metrics: [.wallClock, .instructions], warmupIterations: 0, maxDuration: .seconds(5),
    maxIterations: StoreFixture.freshDays)

  Benchmark("Commit 64 changed reports", configuration: once) { _, fixture in
    try fixture.record(fixture.freshDay())
  } setup: {
    try StoreFixture()
  }

  Benchmark("Commit one changed report", configuration: once) { benchmark, fixture in
    let day = fixture.freshDay()
    benchmark.startMeasurement()
    try fixture.record(Array(day.prefix(1)))
    benchmark.stopMeasurement()
    try fixture.record(Array(day.dropFirst()))
  } setup: {
    try StoreFixture()
  }

  Benchmark("Read 64 reports and refuse them at their end") { _, fixture in
    try fixture.refuse(fixture.unfit)
  } setup: {
    try StoreFixture()
  }

  Benchmark("State at a date") { _, fixture in
    blackHole(try fixture.state())
  } setup: {
    try StoreFixture()
  }

  Benchmark("State at a date, written as JSON") { _, fixture in
    blackHole(try fixture.state().items.json)
  } setup: {
    try StoreFixture()
  }

  Benchmark("State at a date, every item decoded") { _, fixture in
    for item in try fixture.state().items { blackHole(item) }
  } setup: {
    try StoreFixture()
  }

  Benchmark("Difference of two dates") { _, fixture in
    blackHole(try fixture.difference())
  } setup: {
    try StoreFixture()
  }

  Benchmark("History of a node") { _, fixture in
    blackHole(try fixture.history())
  } setup: {
    try StoreFixture()
  }

  Benchmark("Who had it at a date") { _, fixture in
    blackHole(try fixture.holders())
  } setup: {
    try StoreFixture()
  }
}
