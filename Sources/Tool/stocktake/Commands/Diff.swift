import Questions
import Times
import PlainText
import ArgumentParser
import JSONTape
import HistoryStore
import Inventory

/// The command `stocktake diff`.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell what differs: one node at two times, or two nodes at one time.",
    usage: """
      stocktake diff <node> --from <time> [--to <time>] [<options>]
      stocktake diff <node> <other-node> [--at <time>] [<options>]
      """,
    discussion: """
      EXAMPLES
        stocktake diff web-1 --from 2026-03-01 --to 2026-03-08
        stocktake diff web-1 --from "3 days ago" --type AWS:Application
        stocktake diff web-1 web-2
        stocktake diff web-1 web-2 --at 2026-03-03 --format json
      """)

  @Argument(help: "The node.")
  var node: String

  @Argument(help: "The node to compare it with.")
  var otherNode: String?

  @Option(help: "Compare the node's state at this valid time …")
  var from: String?

  @Option(help: "… with its state at this one. Default: now.")
  var to: String?

  @Option(help: "Compare the two nodes at this valid time. Default: now.")
  var at: String?

  @Option(help: "Only this inventory type.")
  var type: String?

  @Option(help: "Answer with what was recorded by this time only. Default: all.")
  var knownAt: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func validate() throws {
    if otherNode != nil, from != nil || to != nil {
      throw ValidationError("two nodes are compared at one time: use --at, not --from and --to")
    }
    if otherNode == nil, at != nil {
      throw ValidationError("--at compares two nodes; name the other one, or use --from and --to")
    }
    if otherNode == nil, from == nil {
      throw ValidationError("compare with what? Give --from TIME, or a second node")
    }
  }

  func run() throws {
    let node = try parseNode(node)
    let type = try type.map(parseType)
    let times = try time.reader()
    let knownAt = try times.read(knownAt, "--known-at")
    if let server = try store.remote(region: scope.region) {
      let range = try times.readRange(from, to)
      return try server.show(
        "/v1/nodes/\(percentEncoded(node.text))/diff",
        [
          ("type", type?.text), ("from", range.from?.description), ("to", range.to?.description),
          ("other", otherNode), ("at", try times.read(at, "--at")?.description),
          ("known-at", knownAt?.description),
        ], as: output.format, columns: Comparison.columns, nothing: "nothing differs")
    }
    let comparison: Comparison
    if let otherNode {
      let other = try parseNode(otherNode)
      let at = try times.read(at, "--at")
      let store = try store.openForReading()
      comparison = Comparison(
        node: node, other: other, changes: [],
        found: try store.diff(
          node, other, type: type, at: at, knownAt: knownAt, in: try scope.scope(in: store)))
    } else {
      let range = try times.readRange(from, to)
      let from = range.from ?? times.now
      let to = range.to ?? times.now
      let store = try store.openForReading()
      let scope = try scope.scope(in: store)
      let found = try store.diff(
        of: node, type: type, from: from, to: to, knownAt: knownAt, in: scope)
      // The state at `to` includes what changed at that very moment.
      let changes =
        try found.contains { !$0.differences.isEmpty }
        ? Array(
          store.history(
            of: node, type: type, from: from, to: Instant(milliseconds: to.milliseconds + 1),
            knownAt: knownAt, in: scope)) : []
      comparison = Comparison(node: node, other: nil, changes: changes, found: found)
    }
    try comparison.write(output.format, times.zone)
  }
}

extension Comparison {
  fileprivate func write(_ format: OutputFormat, _ zone: Zone) throws {
    let rows = rows
    let printer = Printer()
    if format != .table {
      ListWriter.write(rows.lazy.map(json), to: printer, as: format, columns: Self.columns)
    } else if !rows.isEmpty {
      print(rows, zone, to: printer)
    }
    printer.flush()
    for pair in found {
      for state in [pair.left, pair.right] where state.knowledge != .observed {
        complain(
          "note: \(pair.type) of \(state.node) is \(state.knowledge.rawValue) "
            + "at \(zone.text(state.at))")
      }
    }
    if rows.isEmpty {
      let isAnswered = found.contains { pair in
        pair.left.knowledge == .observed && pair.right.knowledge == .observed
      }
      throw CommandFailure(
        .nothingFound, isAnswered ? "no difference" : "there is nothing known to compare")
    }
  }

  private func print(_ rows: [Row], _ zone: Zone, to printer: Printer) {
    let left = found[0].left
    let right = found[0].right
    let heading: String
    if let other {
      heading = "\(node) → \(other)  at \(zone.text(right.at))"
    } else {
      heading = "\(node)  \(zone.text(left.at)) → \(zone.text(right.at))"
    }
    printer.line(printer.styled(heading, .bold) + "  times in \(zone.label(at: right.at))")
    printer.line()
    var columns: [Table.Column] = [
      .init("CHANGE", isElastic: false), .init("TYPE"), .init("ITEM"), .init("WHAT"),
    ]
    if other == nil { columns.insert(.init("SINCE", isElastic: false), at: 0) }
    var table = Table(columns)
    for row in rows {
      var cells = [
        ChangeTable.cell(row.difference.kind), .init(row.type.text),
        ChangeTable.identity(row.difference.identity, row.type),
        ChangeTable.summary(row.difference.old, row.difference.new, row.difference.identity),
      ]
      if other == nil {
        cells.insert(.init(row.change.map { zone.text($0.validTime) } ?? "", .faint), at: 0)
      }
      table.rows.append(cells)
    }
    table.print(to: printer)
  }
}
