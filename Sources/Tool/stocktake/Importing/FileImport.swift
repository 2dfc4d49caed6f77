import ArgumentParser
import Foundation
import HistoryStore
import Importers
import Inventory
import PlainText
import Terminal
import Times

/// What all sources have in common.
struct ImportOptions: ParsableArguments {
  @Argument(help: "The files.", completion: .file())
  var files: [String]

  @OptionGroup var machine: MachineOptions

  @Option(
    help: ArgumentHelp(
      "When the file was true, where it names no time itself: a copy that lost its date.",
      discussion: "For one file. Default: when it was last written.", valueName: "time"))
  var at: String?

  @Flag(help: "Read and check everything as the import would, but record nothing.")
  var dryRun = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var time: TimeOptions

  /// The time of --at; nil where it is not given.
  func givenTime() throws -> Instant? {
    guard let time = try time.reader().read(at, "--at") else { return nil }
    guard files.count == 1 else {
      throw CommandFailure(
        .usage, "--at is the time of one file, here are \(files.count); import them one by one")
    }
    return time
  }

  /// Records a history that was read, or checks all of it in a dry run.
  fileprivate func record(_ history: ImportedHistory, of node: NodeID, _ zone: Zone) throws {
    let session = try ImportSession(isDry: dryRun, store: store, scope: scope)
    for report in history.reports where !Interruption.isRequested {
      try session.add(report, in: session.scope)
    }
    try session.finish()
    for warning in history.warnings { complain("note: \(warning)") }
    for failure in history.failures { complain(failure) }
    print(
      """
      node \(node): \(counted(history.recordsRead, "record")) of \(counted(files.count, "file")), \
      times read in \(zone.name)
      \(session.summary(knownFrom: history.knownFrom, zone))
      """)
    if Interruption.isRequested { throw CommandFailure.silent(.interrupted) }
    if !history.failures.isEmpty || session.refusedCount > 0 {
      throw CommandFailure.silent(.badInput)
    }
  }
}

/// A command that reads files of one form as the past of one node.
///
/// What all of them do is here: `--at`, `--dry-run`, a bad file among good ones, the status.
protocol FileImport: AsyncParsableCommand {
  /// Whether a file can lack a time of its own, so that `--at` may give it.
  static var takesTime: Bool { get }

  var options: ImportOptions { get }

  /// What the files say; times without a zone of their own are in the one given.
  func history(of node: NodeID, _ zone: Zone) async throws -> ImportedHistory
}

extension FileImport {
  static var takesTime: Bool { false }

  func run() async throws {
    let node = try options.machine.nodeID()
    let zone = try options.time.zone()
    if options.at != nil, !Self.takesTime {
      throw CommandFailure(
        .usage, "--at is for files without a time; what \(Self._commandName) reads has its own")
    }
    let history = try await ImportSession.reading { () async throws -> ImportedHistory in
      try await self.history(of: node, zone)
    }
    try options.record(history, of: node, zone)
  }
}
