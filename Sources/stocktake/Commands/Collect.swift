import ArgumentParser
import Collectors
import HistoryStore
import Inventory

/// The machine that a command is about.
struct MachineOptions: ParsableArguments {
  @Option(help: "The node's id. Default: the machine's, from /etc/machine-id.")
  var node: String?

  @Option(
    help: ArgumentHelp(
      "The directory that is the machine's / (a mounted disk, say).", valueName: "dir"),
    completion: .directory)
  var root = "/"

  /// The machine.
  var machine: Machine { Machine(root: root) }

  /// The node's id.
  func nodeID() throws -> NodeID {
    if let node { return try parseNode(node) }
    guard let id = machineNodeID(machine: machine) else {
      throw CommandFailure(.usage, "the machine has no /etc/machine-id; name it with --node ID")
    }
    return try parseNode(id)
  }
}

/// The command `stocktake collect`.
struct Collect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take the inventory of this machine and record it.",
    discussion: """
      The types that can be collected here:
      \(CollectorTable.all.map { "  " + $0.type.text }.joined(separator: "\n"))

      EXAMPLES
        stocktake collect
        stocktake collect --node web-1 --type AWS:Application --type AWS:Network
        stocktake collect --root /mnt/disk --type Application
      """)

  @OptionGroup var machine: MachineOptions

  @Option(help: "Only this inventory type; can be given several times. Default: all.")
  var type: [String] = []

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions

  func run() async throws {
    let node = try machine.nodeID()
    let types = try type.map(parseType)
    let result = collect(
      types: types.isEmpty ? nil : types, node: node, at: .now, machine: machine.machine)
    for failure in result.failures { complain("collect \(failure)") }
    guard let report = result.report else {
      throw CommandFailure(.badInput, "nothing could be collected; nothing was recorded")
    }
    if let server = try store.remote(region: scope.region) {
      return try server.record(report)
    }
    let receipt = try await store.openForWriting().record(report, in: try scope.scope)
    for entry in report.entries {
      let count = entry.content?.count ?? 0
      print("\(entry.type)  \(counted(count, "item"))")
    }
    let record = receipt.sequence.map { "record \($0)" } ?? "nothing new"
    print("node \(node): \(counted(receipt.changeCount, "change")), \(record)")
    // A type that was asked for by name and failed is no success.
    if !types.isEmpty, !result.failures.isEmpty { throw CommandFailure.silent(.badInput) }
  }
}
