import ArgumentParser
import HistoryStore
import Inventory
import Questions
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
    @Argument(help: "The type.", completion: .types) var type: String
    @Option(help: .time("When it ends. Default: now.")) var at: String?
    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions
    @OptionGroup var time: TimeOptions

    func run() throws {
      let type = try parseType(type)
      let times = try time.reader()
      let at = try times.read(at, "--at") ?? times.now
      let store = try store.openForWriting(createsIfMissing: false)
      let scope = try scope.scope(in: store)
      let sequence: SequenceNumber
      do { sequence = try store.deleteType(type, at: at, in: scope) } catch {
        guard error.code == .unknownName else { throw error }
        let hint = try Hints(StoreSource(store, scope)).type(type.text)
        throw CommandFailure(.nothingFound, error.description + hint)
      }
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
    @Argument(help: "The type.", completion: .types) var type: String
    @Argument(help: "The attributes.") var attributes: [String]
    @OptionGroup var store: StoreOptions
    @OptionGroup var scope: ScopeOptions

    func run() throws {
      let type = try parseType(type)
      let store = try store.openForWriting()
      let scope = try scope.scope(in: store)
      // An identity may be declared before the first report.
      let hints = Hints(StoreSource(store, scope))
      for note in try hints.unknownAttributes(attributes, of: type.text) {
        complain("note: \(note)")
      }
      let sequence = try store.declareIdentity(of: type, attributes: attributes, in: scope)
      print("\(type) is identified by \(attributes.joined(separator: ", ")), record \(sequence)")
    }
  }
}
