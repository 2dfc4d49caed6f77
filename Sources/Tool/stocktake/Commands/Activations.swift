import AWSProtocol
import ArgumentParser
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry
import PlainText
import Questions
import Terminal

/// The command `stocktake activation`.
struct Activations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "activation",
    abstract: "Make, list and delete activations, with which nodes register.",
    discussion: """
      EXAMPLES
        stocktake activation create --limit 50 --name office --tag env=prod
        stocktake activation list
        stocktake activation delete 01234567-89ab-cdef-0123-456789abcdef

      On the node, amazon-ssm-agent or "stocktake agent" registers with the id and the code; see \
      docs/agents.md. A server that has the store open need not be stopped.
      """,
    subcommands: [CreateActivation.self, ListActivations.self, DeleteActivation.self])
}

extension Activation {
  fileprivate func json(code: String? = nil) -> JSONValue {
    .object(
      [
        .init("activationId", .string(id)), .init("activationCode", .text(code)),
        .init("account", .string(account)), .init("region", .string(region)),
        .init("name", .text(defaultName)), .init("description", .text(description)),
        .init("limit", .count(limit)), .init("registered", .count(count)),
        .init("expires", .string(Instant(milliseconds: expires).description)),
      ].filter { $0.value != .null })
  }
}

/// `stocktake activation create`.
struct CreateActivation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an activation, and show its code this once.",
    discussion: """
      EXAMPLES
        stocktake activation create --limit 50 --days 7 --tag env=prod
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var scope: ScopeOptions
  @Option(help: "Nodes that may register with it, 1 to 1000.")
  var limit = 1
  @Option(help: "How many days it lasts, 1 to 30.")
  var days = 1
  @Option(help: "The name that its nodes get.")
  var name: String?
  @Option(help: "What it is for.")
  var description: String?
  @Option(name: .customLong("tag"), help: "A tag for its nodes, KEY=VALUE; may be given again.")
  var tags: [String] = []
  @OptionGroup var output: OutputOptions

  func run() throws {
    guard (1...30).contains(days) else { throw CommandFailure(.usage, "--days is 1 to 30") }
    var terms = Activation.Terms()
    terms.limit = limit
    terms.defaultName = name
    terms.description = description
    terms.tags = try tags.map { text in
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else {
        throw CommandFailure(.usage, "--tag \"\(text.onOneLine)\": write KEY=VALUE")
      }
      return Activation.Tag(key: String(parts[0]), value: String(parts[1]))
    }
    let (store, secret, _) = try keys.openStore()
    terms.expires = store.preciseNow.milliseconds + Int64(days) * 86_400_000
    do {
      let made = try NodeRegistry(store, secret: secret)
        .createActivation(terms, in: try scope.scope(in: store))
      show(made.activation, made.code)
    } catch let error as AWSError {
      throw CommandFailure(.usage, error.message)
    }
  }

  private func show(_ activation: Activation, _ code: String) {
    let printer = Printer()
    defer { printer.flush() }
    guard output.format == .table else {
      return ListWriter.write(
        [activation.json(code: code)], to: printer, as: output.format,
        columns: ["activationId", "activationCode", "expires", "limit"])
    }
    printer.line("id    \(activation.id)")
    printer.line("code  \(code)")
    printer.line(
      "for \(counted(activation.limit, "node")) until "
        + "\(Instant(milliseconds: activation.expires)); the code is not shown again")
  }
}

/// `stocktake activation list`.
struct ListActivations: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the activations, without their codes.",
    discussion: """
      EXAMPLES
        stocktake activation list
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let (store, secret, _) = try keys.openStore()
    let all = try NodeRegistry(store, secret: secret).activations(in: try scope.scope(in: store))
    let printer = Printer()
    defer { printer.flush() }
    if output.format != .table {
      ListWriter.write(
        all.map { $0.json() }, to: printer, as: output.format,
        columns: ["activationId", "name", "description", "limit", "registered", "expires"])
    } else if !all.isEmpty {
      var table = Table([
        .init("ACTIVATION", isElastic: false), .init("NAME"), .init("REGISTERED"),
        .init("EXPIRES"), .init("DESCRIPTION"),
      ])
      table.rows = all.map { activation in
        let isExpired = activation.isExpired(at: store.now)
        return [
          .init(activation.id), .init(activation.defaultName ?? ""),
          .init("\(activation.count) of \(activation.limit)"),
          .init(Instant(milliseconds: activation.expires).description, isExpired ? .red : nil),
          .init(activation.description ?? ""),
        ]
      }
      table.print(to: printer)
    }
    if all.isEmpty { throw CommandFailure(.nothingFound, "there are no activations") }
  }
}

/// `stocktake activation delete`.
struct DeleteActivation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Delete an activation; nodes that registered with it stay.",
    discussion: """
      EXAMPLES
        stocktake activation delete 01234567-89ab-cdef-0123-456789abcdef
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var scope: ScopeOptions
  @Argument(help: "The activation's id.")
  var id: String

  func run() throws {
    let (store, secret, _) = try keys.openStore()
    let registry = NodeRegistry(store, secret: secret)
    guard try registry.deleteActivation(id, in: try scope.scope(in: store)) else {
      throw CommandFailure(.nothingFound, "there is no activation \(id.onOneLine)")
    }
  }
}

/// The command `stocktake collect-now`.
struct CollectNow: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have a node's agent collect and report now.",
    discussion: """
      An agent that waits for messages begins within a second; another is told when it next asks.

      EXAMPLES
        stocktake collect-now mi-0123456789abcdef0 --server http://127.0.0.1:8055
      """)

  @Argument(help: "The node.", completion: .nodes)
  var node: String

  @OptionGroup var source: SourceOptions
  @OptionGroup var scope: ScopeOptions

  func run() throws {
    guard let remote = try source.remote(region: scope.region) else {
      throw CommandFailure(
        .usage, "name the server that the agent talks to with --server or $STOCKTAKE_SERVER")
    }
    let answer = try remote.call(
      "Stocktake", "CollectNow", .object([.init("InstanceId", .string(node))]))
    let isWaiting = answer["IsWaiting"] == .bool(true)
    print(isWaiting ? "\(node) was told" : "\(node) will be told when it next asks")
  }
}
