import Answers
import ArgumentParser
import Collectors
import HistoryStore
import Inventory

/// The command `stocktake import`.
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Learn a node's past from traces that other programs left.",
    discussion: """
      EXAMPLES
        stocktake import dpkg-log /var/log/dpkg.log*
      """,
    subcommands: [DpkgLog.self])

  struct DpkgLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "dpkg-log",
      abstract: "Replay dpkg's logs backwards from what is installed now.",
      discussion: """
        Packages older than the log are in the answers; what the log cannot know stays unknown. \
        The log has local times without a zone: they are read in --time-zone. What is imported is \
        marked so. Packed logs (.gz) are read too, in any order.

        EXAMPLES
          stocktake import dpkg-log /var/log/dpkg.log*
          stocktake import dpkg-log --time-zone Europe/Berlin /var/log/dpkg.log
        """)

    private static let groupCount = 64

    @Argument(help: "The logs.", completion: .file())
    var files: [String]

    @OptionGroup var machine: MachineOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
      let node = try machine.nodeID()
      let zone = try time.zone()
      let scope = try scope.scope
      let bar = ProgressBar()
      let history = try read(zone)
      for warning in history.warnings { complain("note: \(warning)") }
      let store = try store.openForWriting()
      Interruption.catchSignals()
      var totals = Totals()
      var group: [Report] = []
      func commit() throws {
        for result in try store.record(group, in: scope) { totals.add(try result.get()) }
        group.removeAll(keepingCapacity: true)
        bar.update(0, of: nil, "\(grouped(totals.reports)) observations")
      }
      for report in history.reports(node: node) {
        group.append(report)
        if group.count == Self.groupCount { try commit() }
        if Interruption.isRequested { break }
      }
      if !group.isEmpty { try commit() }
      bar.clear()
      print(
        """
        node \(node): \(counted(history.linesRead, "line")) of \(counted(files.count, "file")), \
        times read in \(zone.name)
        known from \(zone.text(history.knownFrom))
        \(totals.text(seconds: bar.elapsedSeconds))
        """)
      if Interruption.isRequested { throw CommandFailure.silent(.interrupted) }
    }

    private func read(_ zone: Zone) throws -> DpkgLogHistory {
      do {
        let installed = try ApplicationCollector().collect(from: machine.machine)
        return try DpkgLogImporter(timeZone: zone.foundationZone).history(
          paths: files, current: installed, capturedAt: Instant(seconds: Instant.now.seconds))
      } catch {
        throw CommandFailure(.badInput, String(describing: error))
      }
    }
  }
}
