import ArgumentParser
import HistoryStore
import Inventory
import Terminal
import Times

/// The command `stocktake type`.
struct InventoryTypes: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "type",
    abstract: "End an inventory type, or declare what identifies its items.",
    discussion: """
      EXAMPLES
        stocktake type delete Custom:RackInfo
        stocktake type declare-identity Custom:RackInfo Rack Slot
      """,
    subcommands: [Delete.self, DeclareIdentity.self])

  struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a type on every node of the scope; its past stays.",
      discussion: """
        EXAMPLES
          stocktake type delete Custom:RackInfo --at "yesterday 18:00"
        """)
    @Argument(help: "The type.") var type: String
    @Option(help: "When it ends. Default: now.") var at: String?
    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var time: TimeOptions

    func run() throws {
      let type = try parseType(type)
      let times = try time.reader()
      let at = try times.read(at, "--at") ?? times.now
      let store = try store.openForWriting(createsIfMissing: false)
      let sequence = try store.deleteType(type, at: at, in: try scope.scope(in: store))
      print("\(type) ends at \(times.zone.text(at)), record \(sequence)")
    }
  }

  struct DeclareIdentity: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "declare-identity",
      abstract: "Say which attributes identify an item of a custom type.",
      discussion: """
        EXAMPLES
          stocktake type declare-identity Custom:RackInfo Rack Slot
        """)
    @Argument(help: "The type.") var type: String
    @Argument(help: "The attributes.") var attributes: [String]
    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions

    func run() throws {
      let type = try parseType(type)
      let store = try store.openForWriting()
      let sequence = try store.declareIdentity(
        of: type, attributes: attributes, in: try scope.scope(in: store))
      print("\(type) is identified by \(attributes.joined(separator: ", ")), record \(sequence)")
    }
  }
}
