import AgentCommands
import ArgumentParser
import Collectors
import HistoryStore
import Inventory
import JSONTape
import PlainText
import Terminal

/// The machine that a command is about.
struct MachineOptions: ParsableArguments {
  @Option(help: "The node's id. Default: the machine's, from /etc/machine-id.", completion: .nodes)
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
  /// What is printed of a collection.
  enum Output: String, ExpressibleByArgument, CaseIterable { case summary, request }

  static let configuration = CommandConfiguration(
    abstract: "Take the inventory of this machine and record it.",
    discussion: """
      The types that can be collected here, with * those that are collected only by name:
      \(CollectorTable.all.map { "  \($0.type)\($0.isDefault ? "" : " *")" }.joined(separator: "\n"))
      and custom types from documents and scripts; see docs/collectors.md.

      EXAMPLES
        stocktake collect
        stocktake collect --node web-1 --type AWS:Application --type AWS:Network
        stocktake collect --root /mnt/disk --type Application
        stocktake collect --config /etc/stocktake/collect.yaml --dry-run
        stocktake collect --parameters '{"applications":"Enabled"}' --output request
        stocktake collect --explain-noise
      """)

  @OptionGroup var machine: MachineOptions

  @Option(
    help: "Only this inventory type; can be given several times. Default: all.", completion: .types)
  var type: [String] = []

  @Option(
    help: ArgumentHelp("What to collect, and within which limits: a YAML file.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "What to collect, as parameters of AWS-GatherSoftwareInventory.", valueName: "json"))
  var parameters: String?

  @Flag(help: "Say what would be sent, and send nothing.")
  var dryRun = false

  @Option(help: "request: print the PutInventory request, one a line, and send nothing.")
  var output = Output.summary

  @Flag(help: "Collect twice and say what differs: what moves by itself, and makes no change.")
  var explainNoise = false

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions

  func validate() throws {
    guard [config != nil, parameters != nil].count(where: { $0 }) < 2 else {
      throw ValidationError("--config and --parameters exclude each other")
    }
  }

  func run() async throws {
    let node = try machine.nodeID()
    let plan = try plan()
    let result = await collect(plan, node: node, at: .now, machine: machine.machine)
    for failure in result.failures { complain("collect \(failure)") }
    for warning in result.warnings { complain("note: \(warning)") }
    if explainNoise {
      let second = await collect(plan, node: node, at: .now, machine: Machine(root: machine.root))
      return explain(Noise.between(result, second))
    }
    guard result.collected.contains(where: { $0.items != nil }) else {
      throw CommandFailure(.badInput, "nothing could be collected; nothing was recorded")
    }
    if output == .request {
      for report in result.reports { print(report.json.compact) }
    } else {
      summarize(result)
      if dryRun { print("node \(node): nothing was sent") } else { try await record(result) }
    }
    // A type that was asked for by name and failed is no success.
    if !type.isEmpty, !result.failures.isEmpty { throw CommandFailure.silent(.badInput) }
  }

  private func plan() throws -> CollectionPlan {
    var plan = CollectionPlan()
    if let config { plan = try CollectionFile.plan(path: config) }
    if let parameters {
      do throws(CollectorError) { plan = try GatherParameters.plan(json: parameters) } catch {
        throw CommandFailure(.usage, "--\(error.message)")
      }
    }
    if !type.isEmpty {
      plan.types = try type.map(parseType)
      plan.takesAllCustom = false
    }
    return plan
  }

  private func summarize(_ result: CollectionResult) {
    for entry in result.reports.flatMap(\.entries) {
      print("\(entry.type)  \(counted(entry.content?.count ?? 0, "item"))")
    }
  }

  private func record(_ result: CollectionResult) async throws {
    if let server = try store.remote(region: scope.region) {
      for report in result.reports { try server.record(report) }
      return
    }
    let store = try store.openForWriting()
    let scope = try scope.scope(in: store)
    for report in result.reports {
      let receipt = try await store.record(report, in: scope)
      let record = receipt.sequence.map { "record \($0)" } ?? "nothing new"
      print("node \(report.node): \(counted(receipt.changeCount, "change")), \(record)")
    }
  }

  private func explain(_ noise: [Noise]) {
    for line in noise {
      let what = line.attribute.map { " \($0)" } ?? ""
      let fate = line.isMuted ? "makes no change" : "is a change"
      print(
        "\(line.type)  \(line.item.onOneLine)\(what): \(line.first?.onOneLine ?? "absent") → "
          + "\(line.second?.onOneLine ?? "absent")  (\(fate))")
    }
    let changes = noise.count { !$0.isMuted }
    print(
      "\(counted(noise.count, "difference")) between two collections, "
        + "of which \(changes) would be changes")
  }
}
