import Questions
import Times
import ArgumentParser
import HistoryStore
import Inventory
import JSONTape

/// The command `stocktake show`.
struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a node has, now or at any time in the past.",
    discussion: """
      Without TYPE every type of the node is shown. The answer tells how well it is founded: when \
      it was observed, when the node last confirmed it, and when it was observed next. "unknown" \
      means that nothing was observed by then, which is not the same as nothing being there.

      EXAMPLES
        stocktake show web-1
        stocktake show web-1 AWS:Application --at 2026-03-03 --name 'openssl*'
        stocktake show web-1 Application --at "3 days ago" --known-at "2 days ago"
        stocktake show web-1 Application --at 2026-03-03 --sources
        stocktake show web-1 Application --format json
      """)

  @Argument(help: "The node.")
  var node: String

  @Argument(help: "The inventory type; Application is short for AWS:Application.")
  var type: String?

  @Option(help: "The valid time to show. Default: now.")
  var at: String?

  @Option(help: "Answer with what was recorded by this time only. Default: all.")
  var knownAt: String?

  @Option(
    help: ArgumentHelp(
      "Only items whose Name (else Id, else first identity) matches.", valueName: "glob"))
  var name: String?

  @Flag(
    help: "Also say what each source said of it (reports, imports), and where one contradicts.")
  var sources = false

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    if sources, output.format == .csv {
      throw ValidationError("--sources has no place in CSV; choose --format json or table")
    }
  }

  func run() throws {
    let node = try parseNode(node)
    let type = try type.map(parseType)
    let times = try time.reader()
    let at = try times.read(at, "--at")
    let knownAt = try times.read(knownAt, "--known-at")
    if let server = try store.remote(region: scope.region) {
      return try server.showState(
        of: node, type, at: at, knownAt: knownAt, name: name, sources: sources, output.format,
        times.zone)
    }
    let store = try store.openForReading()
    let scope = try scope.scope(in: store)
    let types = try type.map { [$0] } ?? listOrNone { try store.types(of: node, in: scope) }
    let filter = NameFilter(name)
    var answers: [StateAnswer] = []
    for type in types {
      let state = try store.state(of: node, type: type, at: at, knownAt: knownAt, in: scope)
      let items = state.items.sorted().filter { filter.matches($0, of: type) }
      let claims =
        sources
        ? try store.sources(of: node, type: type, at: at, knownAt: knownAt, in: scope) : nil
      answers.append(
        StateAnswer(state: state, items: items, isFiltered: name != nil, sources: claims))
    }
    let printer = Printer()
    write(answers, isOne: type != nil, times.zone, to: printer)
    printer.flush()
    try checkFound(answers, node, times.zone)
  }

  private func write(
    _ answers: [StateAnswer], isOne: Bool, _ zone: Zone, to printer: Printer
  ) {
    switch output.format {
    case .table:
      for (i, answer) in answers.enumerated() {
        if i > 0 { printer.line() }
        answer.print(zone, to: printer)
      }
    case .csv: printer.write(StateAnswer.csv(answers))
    case .json where isOne:
      var out: [UInt8] = []
      for answer in answers { answer.json.write(to: &out, indent: 0) }
      printer.write(out)
      printer.line()
    case .json, .ndjson:
      ListWriter.write(answers.map(\.json), to: printer, as: output.format, columns: [])
    }
  }

  private func checkFound(_ answers: [StateAnswer], _ node: NodeID, _ zone: Zone) throws {
    if answers.isEmpty {
      throw CommandFailure(
        .nothingFound, "nothing is known of node \(node); \"stocktake nodes\" lists those there are"
      )
    }
    if answers.contains(where: \.isFound) { return }
    let state = answers[0].state
    let what = answers.count == 1 ? "\(state.type) of \(node)" : "node \(node)"
    switch state.knowledge {
    case .observed:
      throw CommandFailure(.nothingFound, "no item of \(what) is named \"\(name ?? "")\"")
    case .erased:
      throw CommandFailure(.nothingFound, "\(what) at \(zone.text(state.at)) has been erased")
    case .unknown:
      throw CommandFailure(.nothingFound, "\(what) is unknown at \(zone.text(state.at))")
    }
  }
}
