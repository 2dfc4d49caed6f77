import ArgumentParser
import Importers
import Inventory
import PlainText
import Terminal
import Times

extension Import {
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

    @Option(help: "Only this node. Default: all.", completion: .nodes)
    var node: String?

    @Flag(help: "Read everything and say what is in it; record nothing.")
    var dryRun = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
      let zone = try time.zone()
      let session = try ImportSession(isDry: dryRun, store: store)
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
      for failure in summary.failures { complain(failure) }
      print(
        """
        \(counted(nodes.count, "node")), \(counted(summary.recordsRead, "record"))
        \(session.summary(knownFrom: summary.knownFrom, zone))
        """)
      if !summary.failures.isEmpty || session.refusedCount > 0 {
        throw CommandFailure.silent(.badInput)
      }
    }
  }
}
