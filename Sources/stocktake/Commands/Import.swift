import Answers
import ArgumentParser
import Collectors
import Foundation
import HistoryStore
import Importers
import Inventory

/// The command `stocktake import`.
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Learn a node's past from traces that other programs left.",
    discussion: """
      What is imported is marked so, and lies at the time at which it was true. Importing the same \
      again changes nothing. Local times without a zone are read in --time-zone. Packed files (.gz) \
      are read too, in any order. Reports as JSON Lines are taken by "stocktake ingest".

      EXAMPLES
        stocktake import dpkg-log /var/log/dpkg.log*
        stocktake import debian-packages /var/backups/dpkg.status.* --dry-run
        stocktake import apt-history /var/log/apt/history.log*
        stocktake import osquery osqueryd.results.log --node web-1
        stocktake import cyclonedx image.cdx.json --node registry/app
        stocktake import resource-data-sync ./bucket-copy
      """,
    subcommands: [
      DpkgLog.self, DebianPackages.self, AptHistory.self, RpmLog.self, PacmanLog.self, Apk.self,
      Osquery.self, AgentXML.self, CycloneDX.self, SPDX.self,
      ResourceDataSync.self, AWS.self,
    ])
}

/// What all sources have in common.
struct ImportOptions: ParsableArguments {
  @Argument(help: "The files.", completion: .file())
  var files: [String]

  @OptionGroup var machine: MachineOptions

  @Flag(help: "Read everything and say what is in it; record nothing.")
  var dryRun = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var time: TimeOptions

  /// Records a history that was read.
  fileprivate func record(_ history: ImportedHistory, of node: NodeID, _ zone: Zone) throws {
    let session = try ImportSession(isDry: dryRun, store: store, scope: try scope.scope)
    for report in history.reports where !Interruption.isRequested {
      try session.add(report, in: session.scope)
    }
    try session.finish()
    for warning in history.warnings { complain("note: \(warning)") }
    print(
      """
      node \(node): \(counted(history.recordsRead, "record")) of \(counted(files.count, "file")), \
      times read in \(zone.name)
      \(session.summary(knownFrom: history.knownFrom, zone))
      """)
    if Interruption.isRequested { throw CommandFailure.silent(.interrupted) }
  }
}

/// A command that reads files of one form as the past of one node.
protocol FileImport: AsyncParsableCommand {
  var options: ImportOptions { get }

  /// What the files say; times without a zone of their own are in the one given.
  func history(of node: NodeID, _ zone: Zone) async throws -> ImportedHistory
}

extension FileImport {
  func run() async throws {
    let node = try options.machine.nodeID()
    let zone = try options.time.zone()
    let history = try await ImportSession.reading { () async throws -> ImportedHistory in
      try await self.history(of: node, zone)
    }
    try options.record(history, of: node, zone)
  }
}

/// Reports on their way into a store, many in one commit.
final class ImportSession {
  private static let groupCount = 64
  /// What comes slowly is committed this often, so that little is lost where the process ends.
  private static let groupSeconds = 1.0

  let scope: Scope
  private let store: HistoryStore?
  private let bar = ProgressBar()
  private var groups: [Scope: [Report]] = [:]
  private var totals = Totals()
  private var readCount = 0
  private var committedSeconds = 0.0

  /// Opens the store, unless nothing is to be recorded.
  init(isDry: Bool, store: StoreOptions, scope: Scope) throws {
    self.scope = scope
    self.store = isDry ? nil : try store.openForWriting()
    Interruption.catchSignals()
  }

  /// What a reader throws, as bad input.
  static func reading<Value>(_ body: () async throws -> Value) async throws -> Value {
    do { return try await body() } catch {
      throw CommandFailure(.badInput, String(describing: error))
    }
  }

  func add(_ report: Report, in scope: Scope) throws {
    readCount += 1
    groups[scope, default: []].append(try completed(report, in: scope))
    let isDue = bar.elapsedSeconds - committedSeconds > Self.groupSeconds
    if isDue || groups[scope]?.count == Self.groupCount { try commit(scope) }
  }

  /// Whether the store has an observation of exactly that valid time.
  func has(observationOf node: NodeID, type: TypeName, at time: Instant) throws -> Bool {
    guard let store else { return false }
    let states = try listOrNone { [try store.state(of: node, type: type, at: time, in: scope)] }
    return states.contains { $0.observedAt == time || $0.lastConfirmed == time }
  }

  /// Whether the store has any observation of a type of a node.
  func has(anyOf node: NodeID, type: TypeName) throws -> Bool {
    guard let store else { return false }
    return try listOrNone { try store.types(of: node, in: scope) }.contains(type)
  }

  /// Shows how far it is.
  func show(_ done: Int, of total: Int?, _ text: () -> String) {
    bar.update(done, of: total, text())
  }

  /// A report whose packages have what their source cannot know of them from what another source said.
  ///
  /// A copy of a status file knows no InstalledTime and a bill knows no publisher; without this, each
  /// would look as if all packages had changed. Only attributes that are absent are filled, and only
  /// from the same version of the same package on this node at that time.
  private func completed(_ report: Report, in scope: Scope) throws -> Report {
    guard let store else { return report }
    var report = report
    for index in report.entries.indices where report.entries[index].type == .application {
      let entry = report.entries[index]
      // Of a node that never reported nothing is known.
      let items = try listOrNone {
        Array(
          try store.state(
            of: report.node, type: .application, at: entry.captureTime, in: scope
          ).items.sorted())
      }
      guard !items.isEmpty else { continue }
      var known: [[String?]: Item] = [:]
      for item in items { known[Self.package(item)] = item }
      report.entries[index].content = entry.content?.map { item in
        guard let other = known[Self.package(item)] else { return item }
        let own = Set(item.attributes.map(\.name))
        let missing = other.attributes.filter { !own.contains($0.name) }
        // An empty text says no more than its absence.
        let said = item.attributes.filter { !$0.value.isEmpty || other[$0.name] != nil }
        return Item((said + missing).map { (key: $0.name, value: $0.value) })
      }
    }
    return report
  }

  private static func package(_ item: Item) -> [String?] {
    ["Name", "Architecture", "Epoch", "Version", "Release"].map { item[$0] }
  }

  func finish() throws {
    for scope in groups.keys { try commit(scope) }
    bar.clear()
  }

  private func commit(_ scope: Scope) throws {
    let group = groups.removeValue(forKey: scope) ?? []
    committedSeconds = bar.elapsedSeconds
    guard let store, !group.isEmpty else { return }
    for result in try store.record(group, in: scope) { totals.add(try result.get()) }
    bar.update(0, of: nil, "\(grouped(totals.reports)) observations")
  }

  func summary(knownFrom: Instant?, _ zone: Zone) -> String {
    let from = knownFrom.map { "known from \(zone.text($0))" } ?? "nothing is known from this"
    let done =
      store == nil
      ? "\(counted(readCount, "observation")), nothing was recorded"
      : totals.text(seconds: bar.elapsedSeconds)
    return "\(from)\n\(done)"
  }
}

extension Import {
  struct DpkgLog: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "dpkg-log",
      abstract: "Replay dpkg's logs backwards from what is installed now.",
      discussion: """
        Packages older than the log are in the answers; what the log cannot know stays unknown.

        EXAMPLES
          stocktake import dpkg-log /var/log/dpkg.log*
          stocktake import dpkg-log --time-zone Europe/Berlin /var/log/dpkg.log
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) async throws -> ImportedHistory {
      let items = try await installed(options.machine.machine)
      return try DpkgLogImporter(timeZone: zone.foundationZone).history(
        paths: options.files, current: items, capturedAt: Instant(seconds: Instant.now.seconds)
      ).imported(node: node)
    }
  }

  struct DebianPackages: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "debian-packages",
      abstract: "Take copies of dpkg's status file as full states at their dates.",
      discussion: """
        Debian keeps such copies in /var/backups. A copy's date is when it was last written.

        EXAMPLES
          stocktake import debian-packages /var/backups/dpkg.status.*
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try DebianStatusImporter().history(paths: options.files, node: node)
    }
  }

  struct AptHistory: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "apt-history",
      abstract: "Take apt's transactions: who ran what, and what came of it.",
      discussion: """
        They become items of Custom:AptTransaction.

        EXAMPLES
          stocktake import apt-history /var/log/apt/history.log*
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try AptHistoryImporter(timeZone: zone.foundationZone).history(
        paths: options.files, node: node)
    }
  }

  struct RpmLog: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "rpm",
      abstract: "Replay dnf's logs and history backwards from what is installed now.",
      discussion: """
        Both together know most: the log has the second of each package, the history has who ran \
        what and why, which becomes Custom:DnfTransaction.

        EXAMPLES
          stocktake import rpm /var/log/dnf.rpm.log* /var/lib/dnf/history.sqlite
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) async throws -> ImportedHistory {
      let items = try await installed(options.machine.machine)
      return try RpmImporter(timeZone: zone.foundationZone).imported(
        paths: options.files, current: items, capturedAt: Instant(seconds: Instant.now.seconds),
        node: node)
    }
  }

  struct PacmanLog: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "pacman-log",
      abstract: "Replay pacman's log.",
      discussion: """
        Backwards from what is installed, where the machine has pacman's database; else forwards \
        from the log's beginning.

        EXAMPLES
          stocktake import pacman-log /var/log/pacman.log --node arch-1
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      let folder = options.machine.root + "/var/lib/pacman/local"
      let isThere = FileManager.default.fileExists(atPath: folder)
      return try PacmanLogImporter(timeZone: zone.foundationZone).history(
        paths: options.files,
        current: isThere ? try PacmanDatabase.items(inFolder: folder) : nil,
        capturedAt: Instant(seconds: Instant.now.seconds)
      ).imported(node: node)
    }
  }

  struct Apk: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "apk",
      abstract: "Take Alpine's database of packages as a full state at its date.",
      discussion: """
        EXAMPLES
          stocktake import apk /lib/apk/db/installed --node alpine-1
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try ApkImporter().history(paths: options.files, node: node)
    }
  }

  struct Osquery: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "osquery",
      abstract: "Take osquery's log of results, snapshots and differences.",
      discussion: """
        EXAMPLES
          stocktake import osquery /var/log/osquery/osqueryd.results.log
          stocktake import osquery all.log --host web-1.example.org --node web-1
        """)

    @Option(help: "Only lines of this hostIdentifier. Default: all; one node's log has one.")
    var host: String?

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try OsqueryImporter(host: host).history(paths: options.files, node: node)
    }
  }

  struct AgentXML: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "fusioninventory",
      abstract: "Take inventories that fusioninventory-agent or ocsinventory-agent wrote as XML.",
      discussion: """
        EXAMPLES
          stocktake import fusioninventory web-1.ocs --node web-1
          stocktake import ocsinventory web-1.ocs --node web-1
        """,
      aliases: ["ocsinventory"])

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try OCSImporter(timeZone: zone.foundationZone).history(paths: options.files, node: node)
    }
  }

  struct CycloneDX: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "cyclonedx",
      abstract: "Take CycloneDX bills of materials (JSON) of a host or an image.",
      discussion: """
        EXAMPLES
          stocktake import cyclonedx host.cdx.json --node web-1
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try CycloneDXImporter().history(paths: options.files, node: node)
    }
  }

  struct SPDX: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "spdx",
      abstract: "Take SPDX documents (JSON) of a host or an image.",
      discussion: """
        EXAMPLES
          stocktake import spdx image.spdx.json --node registry/app
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try SPDXImporter().history(paths: options.files, node: node)
    }
  }

  struct ResourceDataSync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "resource-data-sync",
      abstract: "Take a copy of a bucket to which Systems Manager synchronised its inventory.",
      discussion: """
        The nodes, accounts and Regions are those in the folder. Several copies may lie in folders \
        named by their dates.

        EXAMPLES
          stocktake import resource-data-sync ./bucket
          stocktake import resource-data-sync ./bucket --node mi-0123456789abcdef0
        """)

    @Argument(help: "The folders.", completion: .directory)
    var folders: [String]

    @Option(help: "Only this node. Default: all.")
    var node: String?

    @Flag(help: "Read everything and say what is in it; record nothing.")
    var dryRun = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
      let zone = try time.zone()
      let session = try ImportSession(isDry: dryRun, store: store, scope: .local)
      let importer = ResourceDataSyncImporter(node: try node.map(parseNode))
      var nodes: Set<NodeID> = []
      let summary = try await ImportSession.reading {
        try importer.read(folders: folders) { scoped in
          nodes.insert(scoped.report.node)
          try session.add(scoped.report, in: scoped.scope)
        }
      }
      try session.finish()
      for warning in summary.warnings { complain("note: \(warning)") }
      print(
        """
        \(counted(nodes.count, "node")), \(counted(summary.recordsRead, "record"))
        \(session.summary(knownFrom: summary.knownFrom, zone))
        """)
    }
  }
}

/// What is installed now, which a log is replayed from.
private func installed(_ machine: Machine) async throws -> [Item] {
  var plan = CollectionPlan()
  plan.types = [.application]
  let result = await collect(plan, node: try NodeID("here"), at: .now, machine: machine)
  guard let items = result.collected.first?.items else {
    throw CommandFailure(.badInput, result.failures.map(\.description).joined(separator: "; "))
  }
  return items
}
