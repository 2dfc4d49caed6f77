import ArgumentParser
import HistoryStore
import Inventory
import PlainText
import Terminal
import Times

/// The command `stocktake node`.
struct Node: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node",
    abstract: "Record an event in a node's life.",
    discussion: """
      EXAMPLES
        stocktake node tag web-1 Role=web Ring=2
        stocktake node terminate web-1 --at "yesterday 18:00"
      """,
    subcommands: [Tag.self, Register.self, Lose.self, Terminate.self, Deregister.self])

  /// What all events have.
  struct Options: ParsableArguments {
    @Option(help: "When it happened. Default: now.")
    var at: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var time: TimeOptions

    /// Records an event, and tells so.
    func record(_ kind: NodeEventKind, _ node: String, tags: [Item.Attribute] = []) throws {
      let node = try parseNode(node)
      let times = try time.reader()
      let at = try times.read(at, "--at") ?? times.now
      let store = try store.openForWriting()
      let sequence = try store.recordNodeEvent(
        kind, node: node, at: at, tags: tags, in: try scope.scope(in: store))
      print("\(node) \(kind) at \(times.zone.text(at)), record \(sequence)")
    }
  }

  struct Tag: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set a node's tags; those not given are gone.",
      discussion: """
        EXAMPLES
          stocktake node tag web-1 Role=web Ring=2
        """)
    @Argument(help: "The node.") var node: String
    @Argument(help: "The tags, each as name=value.") var tags: [String] = []
    @OptionGroup var options: Options

    func run() throws {
      let tags = try tags.map { text -> Item.Attribute in
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
          throw CommandFailure(.usage, "tag \"\(text.onOneLine)\": write name=value")
        }
        return .init(
          name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
      }
      try options.record(.tagged, node, tags: tags)
    }
  }

  struct Register: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "The node joined the fleet.")
    @Argument(help: "The node.") var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.registered, node) }
  }

  struct Lose: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "lost", abstract: "The node stopped reporting.")
    @Argument(help: "The node.") var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.lost, node) }
  }

  struct Terminate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The node is gone; its inventory ends, its past stays.")
    @Argument(help: "The node.") var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.terminated, node) }
  }

  struct Deregister: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The node left the fleet; its inventory ends, its past stays.")
    @Argument(help: "The node.") var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.deregistered, node) }
  }
}
