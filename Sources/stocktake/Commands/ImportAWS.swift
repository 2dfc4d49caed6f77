import Answers
import ArgumentParser
import HistoryStore
import Importers
import Inventory
import JSONTape

extension Import {
  /// The command `stocktake import aws`.
  struct AWS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "aws",
      abstract:
        "Take the inventory of all nodes from Systems Manager, or from what answers like it.",
      discussion: """
        Every type of every node becomes an observation at its capture time. Nothing is changed there. \
        Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a profile. Where it is \
        broken off, run it again: what is recorded already changes nothing.

        EXAMPLES
          stocktake import aws --aws-region eu-central-1 --account 111122223333 --region eu-central-1
          stocktake import aws --profile fleet --type AWS:Application --dry-run
          stocktake import aws --endpoint-url http://127.0.0.1:8055
        """)

    @Option(help: "Where to ask. Default: AWS's own endpoint of the Region.")
    var endpointURL: String?

    @Option(help: "The Region to ask. Default: AWS_REGION, AWS_DEFAULT_REGION.")
    var awsRegion: String?

    @Option(
      help: "The profile of ~/.aws/credentials. Default: the environment, AWS_PROFILE, default.")
    var profile: String?

    @Option(help: "Only this type; can be given several times. Default: all that there are.")
    var type: [String] = []

    @Option(help: "Only this node; can be given several times. Default: all.")
    var node: [String] = []

    @Flag(help: "Read everything and say what is in it; record nothing.")
    var dryRun = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
      let zone = try time.zone()
      guard
        let region = awsRegion ?? environmentValue("AWS_REGION")
          ?? environmentValue("AWS_DEFAULT_REGION")
      else { throw CommandFailure(.usage, "name the Region to ask with --aws-region") }
      let service = try InventoryService(
        endpoint: endpointURL, region: region,
        credentials: try AWSCredentials(profile: profile))
      let session = try ImportSession(isDry: dryRun, store: store, scope: try scope.scope)
      let types = try type.isEmpty ? Self.types(service) : type.map { try parseType($0).text }
      let nodes = try node.isEmpty ? Self.nodes(service) : node
      var reader = InventoryReader(service: service)
      for name in nodes where !Interruption.isRequested {
        let id = try parseNode(name)
        for type in types where !Interruption.isRequested {
          guard let entry = try reader.entry(of: name, type: type) else { continue }
          try session.add(
            Report(node: id, entries: [entry], origin: .imported(.aws)), in: session.scope)
        }
      }
      try session.finish()
      print(
        "\(counted(nodes.count, "node")), \(counted(types.count, "type"))\n"
          + session.summary(knownFrom: reader.knownFrom, zone))
      if Interruption.isRequested { throw CommandFailure.silent(.interrupted) }
    }

    private static func types(_ service: InventoryService) throws -> [String] {
      var types: [String] = []
      try service.pages("GetInventorySchema", [], pageSize: 200) { page in
        types += (page["Schemas"]?.elements ?? []).compactMap { $0["TypeName"]?.text }
      }
      return types
    }

    private static func nodes(_ service: InventoryService) throws -> [String] {
      var nodes: [String] = []
      try service.pages("GetInventory", []) { page in
        nodes += (page["Entities"]?.elements ?? []).compactMap { $0["Id"]?.text }
      }
      return nodes
    }
  }
}

/// Reads what a service has of one type of one node.
private struct InventoryReader {
  let service: InventoryService
  private(set) var knownFrom: Instant?

  init(service: InventoryService) { self.service = service }

  /// All items at their capture time; nil where the node never sent the type.
  mutating func entry(of node: String, type: String) throws -> Report.Entry? {
    var items: [Item] = []
    var version = "1.0"
    var time: String?
    let input: [JSONValue.Member] = [
      .init("InstanceId", .string(node)), .init("TypeName", .string(type)),
    ]
    try service.pages("ListInventoryEntries", input) { page in
      time = page["CaptureTime"]?.text ?? time
      version = page["SchemaVersion"]?.text ?? version
      items += (page["Entries"]?.elements ?? []).map { row in
        Item(row.members.map { (key: $0.name, value: $0.value.text ?? "") })
      }
    }
    guard let time else { return nil }
    guard let captured = Instant(captureTime: time) else {
      throw CommandFailure(.badInput, "node \(node), \(type): \"\(time.onOneLine)\" is no time")
    }
    knownFrom = min(knownFrom ?? captured, captured)
    return Report.Entry(
      type: try parseType(type), schemaVersion: version, captureTime: captured, content: items)
  }
}
