import AWSProtocol
import Agent
package import ArgumentParser
import Inventory
import PlainText
import Terminal

/// The command `stocktake agent`, and the verbs of `stocktake-agent`.
package struct AgentCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "agent", abstract: abstract, discussion: discussion(of: "stocktake agent"),
    subcommands: verbs)

  /// What an agent does.
  package static let abstract =
    "Collect this machine's inventory on schedule and report it to a server."

  /// Registering, running, and saying how it stands.
  package static let verbs: [any ParsableCommand.Type] = [Register.self, Run.self, Status.self]

  /// What the help says, with examples.
  ///
  /// - Parameter command: what stands before a verb.
  package static func discussion(of command: String) -> String {
    """
    Registers with an activation, as amazon-ssm-agent does, and collects what the server's \
    associations ask for; packages also as they change. While the server is away, reports wait in \
    a queue on disk, and are sent with the times at which they were true.

    EXAMPLES
      \(command) register --server https://inventory.example.org:8055 \\
        --activation-id ID --activation-code CODE
      \(command) run
      \(command) run --once
      \(command) status

    FILES
      \(AgentIdentity.standardFolder)   key, queue and what the server asked for (--state)
    """
  }

  /// What stands before a verb in the program that runs.
  fileprivate static let command =
    programName == "stocktake-agent" ? "stocktake-agent" : "stocktake agent"

  package init() {}

  /// Where an agent keeps what it has to remember.
  struct StateOptions: ParsableArguments {
    @Option(
      help: "The agent's folder. (default: \(AgentIdentity.standardFolder))",
      completion: .directory)
    var state = AgentIdentity.standardFolder

    func identity() throws -> AgentIdentity {
      guard let identity = try AgentIdentity.read(state), identity.node != nil else {
        throw CommandFailure(
          .nothingFound,
          "no agent is registered in \(state): \"\(command) register\" does it")
      }
      return identity
    }
  }

  /// `register`.
  package struct Register: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
      abstract: "Register this machine with an activation.",
      discussion: """
        EXAMPLES
          \(command) register --server https://inventory.example.org:8055 \\
            --activation-id ID --activation-code CODE
        """)

    @OptionGroup var folder: StateOptions
    @Option(help: "The server: http://HOST:PORT or https://….")
    var server: String
    @Option(help: "The Region of the activation.")
    var region = Scope.standard.region
    @Option(help: "The activation's id.")
    var activationId: String
    @Option(help: "The activation's code.")
    var activationCode: String
    @Option(help: "The certificates to trust, in PEM. (default: the system's)", completion: .file())
    var cacert: String?
    @Flag(help: "Register again although this machine is registered.")
    var force = false

    package init() {}

    /// Registers, and prints the node's id.
    package func run() async throws {
      try AgentFiles.make(folder.state)
      let known = try AgentIdentity.read(folder.state)
      if let node = known?.node, !force {
        throw CommandFailure(.usage, "this machine is \(node) already; --force registers it again")
      }
      var identity = try AgentIdentity(server: server, region: region, certificates: cacert)
      if let known {
        // The fingerprint says which machine it is; a key that no node has yet is asked for again.
        identity.fingerprint = known.fingerprint
        if known.node == nil { identity.key = known.key }
      }
      do {
        try await identity.register(
          activation: activationId, code: activationCode, folder: folder.state)
      } catch let error as AWSError {
        throw CommandFailure(.usage, "not registered: \(error)")
      }
      print(identity.node ?? "")
    }
  }

  /// `run`.
  package struct Run: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
      abstract: "Collect and report until stopped.",
      discussion: """
        EXAMPLES
          \(command) run
          \(command) run --once
          \(command) run --config /etc/stocktake/collect.yaml
        """)

    @OptionGroup var folder: StateOptions
    @Option(
      help: ArgumentHelp(
        "What to collect: a YAML file, in place of what the server asks for.", valueName: "file"),
      completion: .file(extensions: ["yaml", "yml"]))
    var config: String?
    @Option(
      help: ArgumentHelp("The directory that is the machine's /.", valueName: "dir"),
      completion: .directory)
    var root = "/"
    @Flag(help: "Do what is due now, and end.")
    var once = false

    package init() {}

    /// Runs until it is stopped.
    package func run() async throws {
      // Reading the command line took parts of the program that nothing else takes.
      giveBackMemory()
      var loop = try AgentLoop(
        try folder.identity(), state: folder.state, root: root,
        file: try config.map(CollectionFile.plan), version: Release.version
      ) { complain("agent: \($0)") }
      Interruption.catchSignals()
      try await loop.run(once: once) { Interruption.isRequested }
    }
  }

  /// `status`.
  package struct Status: ParsableCommand {
    package static let configuration = CommandConfiguration(
      abstract: "Say who this agent is, and what waits to be sent.",
      discussion: """
        EXAMPLES
          \(command) status
        """)

    @OptionGroup var folder: StateOptions

    package init() {}

    /// Prints who the agent is.
    package func run() throws {
      let identity = try folder.identity()
      let work = AgentWork.read(folder.state)
      let last = work.lastRun.map { Instant(seconds: $0).description } ?? "never"
      print(
        """
        node       \(identity.node ?? "")
        server     \(identity.server)
        schedule   \(work.schedule ?? "none yet")
        collected  \(last)
        waiting    \(counted(try AgentQueue(folder.state).files.count, "report"))
        """)
    }
  }
}
