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
    @Option(help: .time("When it happened. Default: now."))
    var at: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var time: TimeOptions

    /// Records an event, and tells so.
    func record(_ kind: NodeEventKind, _ node: String) throws {
      let node = try parseNode(node)
      let times = try time.reader()
      let at = try times.read(at, "--at") ?? times.now
      let store = try store.openForWriting()
      let sequence = try store.recordNodeEvent(
        kind, node: node, at: at, in: try scope.scope(in: store))
      print("\(node) \(kind) at \(times.zone.text(at)), record \(sequence)")
    }
  }

  struct Tag: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set a node's tags; those not given are gone, unless --add or --remove is.",
      discussion: """
        They are the tags of the AWS API and of activations too: the node's inventory AWS:Tag, with its past.

        EXAMPLES
          stocktake node tag web-1 Role=web Ring=2
          stocktake node tag web-1 --add Ring=3
          stocktake node tag web-1 --remove Ring --at yesterday
        """)
    @Argument(help: "The node.", completion: .nodes) var node: String
    @Argument(help: "The tags, each as name=value.") var tags: [String] = []
    @Flag(help: "Keep the node's other tags.")
    var add = false
    @Option(
      help: ArgumentHelp(
        "Take this tag away and keep the others; may be given again.", valueName: "name"))
    var remove: [String] = []
    @OptionGroup var options: Options

    func run() throws {
      let node = try parseNode(node)
      let given = try tags.map(Self.tag)
      if add, given.isEmpty { throw CommandFailure(.usage, "--add needs tags, as name=value") }
      let times = try options.time.reader()
      let at = try times.read(options.at, "--at")
      let store = try options.store.openForWriting()
      let scope = try options.scope.scope(in: store)
      var receipt: Receipt?
      do {
        receipt = try store.changeTags(of: node, at: at, in: scope) { tags in
          if !add, remove.isEmpty { tags = Tags() }
          for name in remove { tags.remove(name) }
          for tag in given { try tags.set(tag.name, to: tag.value) }
        }
      } catch let error as TagError {
        throw CommandFailure(.usage, "\(error)")
      } catch let error as ReportError {
        throw CommandFailure(.usage, error.message)
      }
      let when = "at \(times.zone.text(at ?? times.now))"
      guard let sequence = receipt?.sequence else { return print("\(node) had these tags \(when)") }
      print("\(node) tagged \(when), record \(sequence)")
    }

    private static func tag(_ text: String) throws -> Item.Attribute {
      guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
        throw CommandFailure(.usage, "tag \"\(text.onOneLine)\": write name=value")
      }
      return .init(
        name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
    }
  }

  struct Register: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The node joined the fleet.",
      discussion: """
        EXAMPLES
          stocktake node register web-1
        """)
    @Argument(help: "The node.", completion: .nodes) var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.registered, node) }
  }

  struct Lose: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "lost", abstract: "The node stopped reporting.",
      discussion: """
        EXAMPLES
          stocktake node lost web-1 --at "3 days ago"
        """)
    @Argument(help: "The node.", completion: .nodes) var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.lost, node) }
  }

  struct Terminate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The node is gone; its inventory ends, its past stays.",
      discussion: """
        EXAMPLES
          stocktake node terminate web-1 --at "yesterday 18:00"
        """)
    @Argument(help: "The node.", completion: .nodes) var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.terminated, node) }
  }

  struct Deregister: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The node left the fleet; its inventory ends, its past stays.",
      discussion: """
        EXAMPLES
          stocktake node deregister web-1
        """)
    @Argument(help: "The node.", completion: .nodes) var node: String
    @OptionGroup var options: Options
    func run() throws { try options.record(.deregistered, node) }
  }
}
