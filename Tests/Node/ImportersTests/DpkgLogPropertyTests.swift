import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

/// A machine whose packages come and go at random, and what its dpkg would log.
private struct Simulation {
  struct Package: Hashable {
    var name: String
    var architecture: String
  }

  var random: SplitMix64
  var log = ""
  var now: Int64
  /// What is installed, by dpkg's own architectures.
  var installed: [Package: String] = [:]
  /// Removed packages of which files are left.
  var leftOver: [Package: String] = [:]
  /// Versions whose configuration failed, so that they are only unpacked.
  var failed: [Package: String] = [:]
  /// Versions whose removal failed after their files were gone.
  var torn: [Package: String] = [:]
  /// The state after each second in which anything was logged.
  var states: [Int64: Set<Known>] = [:]
  /// Whether ``states`` is wanted.
  var isNotingStates = true

  init(seed: UInt64, packageCount: Int) {
    random = SplitMix64(seed: seed)
    now = utc("2026-03-01 00:00:00").seconds
    for number in 0..<packageCount where Bool.random(using: &random) {
      installed[package(number)] = version()
    }
  }

  func package(_ number: Int) -> Package {
    // Every third name has two architectures.
    Package(
      name: "p\(number / 3)",
      architecture: number % 3 == 0 ? "i386" : number % 2 == 0 ? "all" : "amd64")
  }

  mutating func version() -> String { "\(Int.random(in: 1...4, using: &random))" }

  var known: Set<Known> {
    Set(installed.map { Known($0.name, $1, AgentForm.architecture($0.architecture)) })
  }

  mutating func line(_ text: String, _ package: Package, _ rest: String) {
    if Int.random(in: 0..<3, using: &random) == 0 {
      now += Int64.random(in: 1...3, using: &random)
    }
    let civil = Instant(seconds: now).description
    let time = civil.replacingOccurrences(of: "T", with: " ").dropLast()
    log += "\(time) \(text) \(package.name):\(package.architecture) \(rest)\n"
    changed()
  }

  /// Notes what is installed after the line just written.
  mutating func changed() {
    if isNotingStates { states[now] = known }
  }

  mutating func installOrUpgrade(_ package: Package) {
    let new = version()
    let isReplacing = installed[package] != nil || torn[package] != nil
    if let old = failed[package] ?? installed[package] ?? torn[package] {
      line("upgrade", package, "\(old) \(new)")
      if torn[package] == nil {
        line("status half-configured", package, old)
        line("status unpacked", package, old)
      }
      line("status half-installed", package, old)
      if failed[package] == nil, torn[package] == nil, old != new,
        Int.random(in: 0..<8, using: &random) == 0
      {
        line("status unpacked", package, old)
        line("status installed", package, old)
        return
      }
    } else {
      line("install", package, "\(leftOver[package] ?? "<none>") \(new)")
      line("status half-installed", package, new)
    }
    line("status unpacked", package, new)
    if isReplacing {
      installed[package] = new
      torn[package] = nil
      changed()
    }
    if Bool.random(using: &random) { now += Int64.random(in: 1...5, using: &random) }
    line("configure", package, "\(new) <none>")
    line("status unpacked", package, new)
    line("status half-configured", package, new)
    if Int.random(in: 0..<8, using: &random) == 0 {
      failed[package] = new
      leftOver[package] = nil
      return
    }
    if Int.random(in: 0..<4, using: &random) == 0 { line("status triggers-awaited", package, new) }
    line("status installed", package, new)
    failed[package] = nil
    leftOver[package] = nil
    installed[package] = new
    changed()
  }

  mutating func remove(_ package: Package, purge: Bool) {
    guard let old = failed[package] ?? installed[package] ?? torn[package] else { return }
    line("remove", package, "\(old) <none>")
    line("status half-configured", package, old)
    line("status half-installed", package, old)
    let wasInstalled = installed.removeValue(forKey: package) != nil
    changed()
    if wasInstalled, Int.random(in: 0..<4, using: &random) == 0 {
      torn[package] = old
      failed[package] = nil
      return
    }
    line("status config-files", package, old)
    failed[package] = nil
    torn[package] = nil
    leftOver[package] = old
    changed()
    if purge { self.purge(package) }
  }

  mutating func purge(_ package: Package) {
    guard let old = leftOver[package] else { return }
    line("purge", package, "\(old) <none>")
    line("status config-files", package, old)
    line("status not-installed", package, "<none>")
    leftOver[package] = nil
    changed()
  }

  mutating func runTriggers(_ package: Package) {
    guard failed[package] == nil, let version = installed[package] else { return }
    line("status triggers-pending", package, version)
    line("trigproc", package, "\(version) <none>")
    line("status half-configured", package, version)
    line("status installed", package, version)
  }

  mutating func step(packageCount: Int) {
    let package = package(Int.random(in: 0..<packageCount, using: &random))
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: installOrUpgrade(package)
    case 5: remove(package, purge: false)
    case 6: remove(package, purge: true)
    case 7: purge(package)
    default: runTriggers(package)
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      now += Int64.random(in: 0...90_000, using: &random)
    }
  }
}

struct DpkgLogPropertyTests {
  private func importer() throws -> DpkgLogImporter {
    DpkgLogImporter(timeZone: try #require(TimeZone(identifier: "UTC")))
  }

  @Test func `observations are the true states at every second`() throws {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let first = given ?? UInt64.random(in: 0...UInt64.max)
    print("seed \(first); STOCKTAKE_SEED repeats it")
    let tree = try TemporaryTree()
    for round in 0..<40 {
      let seed = first &+ UInt64(round)
      let packageCount = 1 + round % 20
      var simulation = Simulation(seed: seed, packageCount: packageCount)
      let before = simulation.known
      for _ in 0..<(round * 5) { simulation.step(packageCount: packageCount) }
      let path = try tree.write("dpkg.log", simulation.log)
      let current = simulation.installed.map { present($0.name, $1, $0.architecture) }
      let history = try importer().history(
        paths: [path], current: current, capturedAt: Instant(seconds: simulation.now))
      #expect(history.warnings.isEmpty, "seed \(seed)")
      guard let firstSecond = simulation.states.keys.min() else {
        #expect(Array(history.observations).isEmpty, "seed \(seed)")
        continue
      }
      var observed: [Int64: Set<Known>] = [:]
      for observation in history.observations {
        #expect(observed[observation.validTime.seconds] == nil, "seed \(seed)")
        observed[observation.validTime.seconds] = Set(observation.items.map { Known($0) })
      }
      #expect(observed[firstSecond - 1] == before, "seed \(seed)")
      var last = before
      for second in simulation.states.keys.sorted() {
        last = observed[second] ?? last
        #expect(last == simulation.states[second], "seed \(seed) second \(second)")
      }
      let seconds = Set(simulation.states.keys).union([firstSecond - 1])
      #expect(seconds.isSuperset(of: observed.keys), "seed \(seed)")
    }
  }

  @Test func `a long log is read whole`() throws {
    var simulation = Simulation(seed: 1, packageCount: 1000)
    for number in 1000..<2000 {
      simulation.installed[.init(name: "q\(number)", architecture: "all")] = "1"
    }
    simulation.isNotingStates = false
    while simulation.log.utf8.count < 3_000_000 { simulation.step(packageCount: 1000) }
    let tree = try TemporaryTree()
    let path = try tree.write("dpkg.log", simulation.log)
    let current = simulation.installed.map { present($0.name, $1, $0.architecture) }
    let end = Instant(seconds: simulation.now)
    let importer = try importer()
    var history: PackageHistory?
    var count = 0
    let time = try ContinuousClock().measure {
      let read = try importer.history(paths: [path], current: current, capturedAt: end)
      for observation in read.observations where !observation.items.isEmpty { count += 1 }
      history = read
    }
    print("\(history?.linesRead ?? 0) lines, \(current.count) packages, \(count) states: \(time)")
    #expect(history?.warnings == [])
    #expect(history?.linesRead == simulation.log.utf8.count { $0 == 0x0a })
  }
}
