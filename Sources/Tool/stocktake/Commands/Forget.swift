import ArgumentParser
import Glibc
import HistoryStore
import Inventory
import Questions
import Terminal
import Times

/// The command `stocktake forget`.
struct Forget: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Erase a node, or everything before a date, for good.",
    discussion: """
      What is erased cannot be brought back, except from a backup. A tombstone stays that says \
      what range is gone and why; answers inside it say "erased".

      EXAMPLES
        stocktake forget web-1 --reason "returned to the lessor"
        stocktake forget --before 2020-01-01 --reason "retention of five years" --yes
      """)

  @Argument(help: "The node to erase.", completion: .nodes)
  var node: String?

  @Option(help: .time("Erase everything before this valid time, of all nodes of the scope."))
  var before: String?

  @Option(help: "Why; kept in the tombstone.")
  var reason = ""

  @Flag(help: "Do not ask.")
  var yes = false

  @OptionGroup var store: StoreOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    if (node == nil) == (before == nil) {
      throw ValidationError("name either a node or --before TIME")
    }
  }

  func run() throws {
    let times = try time.reader()
    let before = try times.read(before, "--before")
    if let node {
      let id = try parseNode(node)
      let store = try store.openForWriting(createsIfMissing: false)
      let scope = try scope.scope(in: store)
      guard try store.nodes(in: scope).contains(where: { $0.node == id }) else {
        throw CommandFailure(
          .nothingFound,
          "nothing is known of node \(id) in \(scope); nothing was erased"
            + (try Hints(StoreSource(store, scope)).node(id.text)))
      }
      try confirm("all that is known of node \(id) in \(scope)", expecting: id.text)
      let sequence = try store.forget(node: id, reason: reason, in: scope)
      print("erased node \(id); the tombstone is record \(sequence)")
    } else if let before {
      let store = try store.openForWriting(createsIfMissing: false)
      let scope = try scope.scope(in: store)
      let day = times.zone.text(before)
      try confirm("everything in \(scope) before \(day)", expecting: "erase")
      let sequence = try store.forget(before: before, reason: reason, in: scope)
      print("erased everything before \(day); the tombstone is record \(sequence)")
    }
  }

  /// Has a person type a word before anything is lost.
  private func confirm(_ what: String, expecting word: String) throws {
    if yes { return }
    guard isatty(STDIN_FILENO) == 1 else {
      throw CommandFailure(
        .usage, "this erases \(what) for good; add --yes where nobody can be asked")
    }
    writeAll(
      Array("This erases \(what) for good.\nType \"\(word)\" to go on: ".utf8)[...],
      to: STDERR_FILENO)
    guard readLine() == word else {
      throw CommandFailure(.usage, "not confirmed; nothing was erased")
    }
  }
}
