import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Importers

/// A machine whose packages come and go at random, and what dnf or pacman would log.
private struct Simulation {
  struct Package: Hashable {
    var name: String
    /// Packages of which several versions are kept, as of the kernel.
    var isKept: Bool
  }

  var random: SplitMix64
  var now = utc("2026-03-01 00:00:00").seconds
  var installed: [Package: Set<String>] = [:]
  var rpmLog = ""
  var pacmanLog = ""
  /// What is installed after each second in which it changed.
  var states: [Int64: [Package: Set<String>]] = [:]

  init(seed: UInt64, isEmpty: Bool) {
    random = SplitMix64(seed: seed)
    if !isEmpty {
      for number in 0..<8 where Bool.random(using: &random) {
        installed[package(number)] = [version()]
      }
    }
  }

  func package(_ number: Int) -> Package {
    Package(name: "p-\(number)", isKept: number % 4 == 3)
  }

  mutating func version() -> String {
    let epoch = Int.random(in: 0..<4, using: &random)
    return (epoch == 0 ? "" : "\(epoch):") + "\(Int.random(in: 1...3, using: &random))-1.x"
  }

  var stamp: Substring { Instant(seconds: now).description.dropLast() }

  mutating func rpm(_ word: String, _ package: Package, _ version: String) {
    rpmLog += "\(stamp)+0000 SUBDEBUG \(word): \(package.name)-\(version).noarch\n"
  }

  mutating func pacman(_ text: String) { pacmanLog += "[\(stamp)+0000] [ALPM] \(text)\n" }

  /// Changes one package and writes it; old versions of a replacement are named some seconds later.
  mutating func step() {
    if Int.random(in: 0..<3, using: &random) > 0 {
      now += Int64.random(in: 1...4, using: &random)
    }
    let package = package(Int.random(in: 0..<8, using: &random))
    let new = version()
    let versions = installed[package, default: []]
    guard let old = versions.sorted().first else {
      rpm("Installed", package, new)
      pacman("installed \(package.name) (\(new))")
      set(package, [new])
      return
    }
    if Int.random(in: 0..<4, using: &random) == 0 {
      rpm("Erase", package, old)
      pacman("removed \(package.name) (\(old))")
      set(package, versions.subtracting([old]))
    } else if versions.contains(new) {
      rpm("Reinstall", package, new)
      rpm("Reinstalled", package, new)
      pacman("reinstalled \(package.name) (\(new))")
    } else if package.isKept {
      rpm("Installed", package, new)
      set(package, versions.union([new]))
    } else {
      let word = Bool.random(using: &random) ? "Upgrade" : "Downgrade"
      rpm(word, package, new)
      pacman("\(word.lowercased())d \(package.name) (\(old) -> \(new))")
      set(package, [new])
      now += Int64.random(in: 0...3, using: &random)
      rpm(word + "d", package, old)
    }
  }

  mutating func set(_ package: Package, _ versions: Set<String>) {
    installed[package] = versions.isEmpty ? nil : versions
    states[now] = installed
  }
}

/// Compares what is replayed from logs with what truly was, second by second.
struct PackageLogPropertyTests {
  private let seed: UInt64

  init() {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("seed \(seed); STOCKTAKE_SEED repeats it")
  }

  /// `name version`, the version without an epoch of 0.
  private func names(_ state: [Simulation.Package: Set<String>], _ isWanted: Bool) -> [String] {
    state.flatMap { package, versions in
      versions.filter { _ in isWanted || !package.isKept }.map { "\(package.name) \($0)" }
    }.sorted()
  }

  private func check(
    _ history: PackageHistory, _ simulation: Simulation, before: [String]?, keepsSome: Bool,
    _ note: String, name: (Item) -> String
  ) {
    #expect(history.warnings.isEmpty, "\(note)")
    var observed: [Int64: [String]] = [:]
    for observation in history.observations {
      #expect(observed[observation.validTime.seconds] == nil, "\(note)")
      observed[observation.validTime.seconds] = observation.items.map(name).sorted()
    }
    if let before, let first = observed.keys.min() { #expect(observed[first] == before, "\(note)") }
    var last = before ?? []
    for second in history.knownFrom.seconds...max(simulation.now, history.knownFrom.seconds) {
      last = observed[second] ?? last
      if let truth = simulation.states[second] {
        #expect(last == names(truth, keepsSome), "\(note) second \(second)")
      } else if second > history.knownFrom.seconds {
        let time = observed[second]
        // A reinstallation changes the time of a package and nothing else.
        #expect(time == nil || time == last, "\(note) second \(second)")
      }
    }
  }

  @Test func `dnf's log gives the true states, kernels beside each other included`() throws {
    let tree = try TemporaryTree()
    for round in 0..<40 {
      var simulation = Simulation(seed: seed &+ UInt64(round), isEmpty: false)
      let before = names(simulation.installed, true)
      for _ in 0..<(round * 3) { simulation.step() }
      let path = try tree.write("dnf.rpm.log", simulation.rpmLog)
      var current: [Item] = []
      for (package, versions) in simulation.installed {
        for version in versions {
          let parts = try #require(RpmLogPackage("\(package.name)-\(version).noarch"))
          current.append(parts.item(version: version, installedAt: nil, present: nil))
        }
      }
      let history = try RpmImporter().history(
        paths: [path], current: current, capturedAt: Instant(seconds: simulation.now))
      check(
        history, simulation, before: round == 0 ? nil : before, keepsSome: true,
        "seed \(seed &+ UInt64(round))"
      ) { item in
        let epoch = item["Epoch"].map { "\($0):" } ?? ""
        return "\(item["Name"] ?? "") \(epoch)\(item["Version"] ?? "")-\(item["Release"] ?? "")"
      }
    }
  }

  @Test(arguments: [true, false])
  func `pacman's log gives the true states`(fromNothing: Bool) throws {
    let tree = try TemporaryTree()
    for round in 1..<40 {
      var simulation = Simulation(seed: seed &+ UInt64(round), isEmpty: fromNothing)
      let before = names(simulation.installed, false)
      for _ in 0..<(round * 3) { simulation.step() }
      // pacman has one version of each package; those with several are left out of its log.
      let lines = simulation.pacmanLog.split(separator: "\n", omittingEmptySubsequences: true)
        .filter { !$0.contains(" p-3 ") && !$0.contains(" p-7 ") }
      let path = try tree.write("pacman.log", lines.joined(separator: "\n") + "\n")
      let current = simulation.installed.filter { !$0.key.isKept }.map {
        ["Name": $0.name, "Version": $1.first ?? "", "Architecture": "any"] as Item
      }
      guard !lines.isEmpty else { continue }
      let history = try PacmanLogImporter().history(
        paths: [path], current: fromNothing ? nil : current,
        capturedAt: Instant(seconds: simulation.now))
      check(
        history, simulation, before: fromNothing ? nil : before, keepsSome: false,
        "seed \(seed &+ UInt64(round))"
      ) { "\($0["Name"] ?? "") \($0["Version"] ?? "")" }
    }
  }

  @Test func `files that repeat each other give what the whole log gives`() throws {
    let tree = try TemporaryTree()
    for round in 0..<40 {
      var simulation = Simulation(seed: seed &+ UInt64(round), isEmpty: true)
      for _ in 0..<60 { simulation.step() }
      let bytes = Array(simulation.rpmLog.utf8)
      let end = Instant(seconds: simulation.now)
      let whole = try RpmImporter().history(
        paths: [try tree.write("whole", bytes)], current: [], capturedAt: end)
      var random = simulation.random
      // Cuts anywhere, also within lines, as a copy of a growing file has them; rotation at lines.
      var paths = [tree.path("whole"), try tree.write("copy", bytes)]
      let newlines = bytes.indices.filter { bytes[$0] == 0x0a }
      let rotated = (newlines.randomElement(using: &random) ?? 0) + 1
      paths.append(try tree.write("older", bytes[..<rotated]))
      paths.append(try tree.write("newer", bytes[rotated...]))
      let cut = Int.random(in: (newlines[0] + 1)..<bytes.count, using: &random)
      paths.append(try tree.write("growing", bytes[..<cut]))
      for isWhole in [true, false] {
        var some = isWhole ? paths : Array(paths[2...])
        some.shuffle(using: &random)
        let again = try RpmImporter().history(paths: some, current: [], capturedAt: end)
        #expect(Array(again.observations) == Array(whole.observations), "seed \(seed) \(some)")
        #expect(again.warnings == whole.warnings, "seed \(seed) \(some)")
        #expect(again.linesRead == whole.linesRead, "seed \(seed) \(some)")
      }
    }
  }
}
