import AWSClient
import AgentCommands
import ArgumentParser
import HistoryStore
import Importers
import Inventory
import JSONTape
import PlainText
import Terminal
import Times

extension Import {
  /// The command `stocktake import aws`.
  struct AWS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "aws",
      abstract:
        "Take the inventory of all nodes from Systems Manager, or from what answers like it.",
      discussion: """
        Every type of every node becomes an observation at its capture time. Nothing is changed there. \
        Where it is broken off, run it again: it goes on with what the store does not have.

        Keys are looked for where AWS's tools look, in their order: the environment; a web identity; \
        the profile of ~/.aws/config and ~/.aws/credentials (keys, a role, single sign-on after "aws sso \
        login", credential_process); the container; the EC2 instance. They are fetched again before they \
        end. The endpoint is that of the option, AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL, or the profile.

        EXAMPLES
          stocktake import aws --aws-region eu-central-1 --region eu-central-1 \\
            --account 111122223333
          stocktake import aws --profile fleet --type AWS:Application --dry-run
          AWS_PROFILE=audit stocktake import aws --node i-0123456789abcdef0
          stocktake import aws --endpoint-url http://127.0.0.1:8055
        """)

    @Option(
      help: ArgumentHelp(
        "Where to ask.",
        discussion:
          "Default: AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL, the profile's, else AWS's own."))
    var endpointURL: String?

    @Option(help: "The Region to ask. Default: AWS_REGION, AWS_DEFAULT_REGION, the profile's.")
    var awsRegion: String?

    @Option(
      help: "The profile to use, before any keys in the environment. Default: AWS_PROFILE, default."
    )
    var profile: String?

    @Option(
      help: "Only this type; can be given several times. Default: all that there are.",
      completion: .types)
    var type: [String] = []

    @Option(help: "Only this node; can be given several times. Default: all.", completion: .nodes)
    var node: [String] = []

    @Flag(help: "Read everything and say what is in it; record nothing.")
    var dryRun = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
      let zone = try time.zone()
      let settings = try AWSSettings(
        profile: profile, region: awsRegion, host: .thisProgram)
      let service = try InventoryService(
        endpoint: endpointURL, settings: settings, chain: CredentialChain(settings))
      let session = try ImportSession(isDry: dryRun, store: store, scope: scope)
      var progress = Progress()
      var reader = InventoryReader(service, session, fleet: node.isEmpty)
      do {
        try copy(service, &reader, to: session, &progress)
      } catch {
        // What was read counts, so that the next run begins behind it.
        try session.finish()
        throw Self.failure(error, progress)
      }
      try session.finish()
      print(
        "\(progress.text), \(counted(service.requestCount, "request"))\n"
          + session.summary(knownFrom: reader.knownFrom, zone))
      if Interruption.isRequested { throw CommandFailure.silent(.interrupted) }
    }

    private func copy(
      _ service: InventoryService, _ reader: inout InventoryReader, to session: ImportSession,
      _ progress: inout Progress
    ) throws {
      let types = try (type.isEmpty ? service.typesInUse(service.types()) : type).map(parseType)
      let nodes = try (node.isEmpty ? service.nodes() : node).map(parseNode)
      progress.typeCount = types.count
      progress.nodeCount = nodes.count
      for node in nodes where !Interruption.isRequested {
        for type in types where !Interruption.isRequested {
          switch try reader.read(node, type) {
          case .entry(let entry):
            let report = Report(node: node, entries: [entry], origin: .imported(.aws))
            try session.add(report, in: session.scope)
          case .known: progress.knownCount += 1
          case .nothing: break
          }
          progress.doneCount += 1
          session.show(progress.doneCount, of: nodes.count * types.count) {
            "\(node)  \(counted(service.requestCount, "request"))"
          }
        }
      }
    }

    /// How far it is.
    private struct Progress {
      var nodeCount = 0
      var typeCount = 0
      /// Types of nodes that were looked at.
      var doneCount = 0
      /// Those of them that the store had already.
      var knownCount = 0

      var text: String {
        "\(counted(nodeCount, "node")), \(counted(typeCount, "type"))"
          + (knownCount > 0 ? ", \(grouped(knownCount)) of them known already" : "")
      }
    }

    private static func failure(_ error: any Error, _ progress: Progress) -> any Error {
      let on =
        progress.doneCount > 0
        ? "; what was read is recorded, run it again to go on from there" : ""
      switch error {
      case let error as ServiceRefusal: return CommandFailure(.storeError, error.sentence + on)
      case let error as CommandFailure: return CommandFailure(error.status, error.message + on)
      case let error as ClientError:
        let failure = CommandFailure(error)
        return CommandFailure(failure.status, failure.message + on)
      default: return error
      }
    }
  }
}
