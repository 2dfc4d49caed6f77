import Questions
import Times
import ArgumentParser
import HistoryStore
import Inventory

/// The command `stocktake nodes`.
struct Nodes: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the nodes.",
    discussion: """
      EXAMPLES
        stocktake nodes
        stocktake nodes --all-scopes --format csv
      """)

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func run() throws {
    let zone = try time.zone()
    if let server = try store.remote(self.scope) {
      return try server.show(
        "/v1/nodes", [("limit", "10000")], as: output.format, columns: NodeSummary.columns,
        nothing: "no node has reported yet")
    }
    let store = try store.openForReading()
    let scope = try scope.scope(in: store)
    let nodes = try store.nodes(in: scope)
    let printer = Printer()
    if output.format != .table {
      ListWriter.write(
        nodes.map(\.json), to: printer, as: output.format, columns: NodeSummary.columns)
    } else if !nodes.isEmpty {
      print(nodes, zone, showsScope: scope == nil, to: printer)
    }
    if nodes.isEmpty { throw CommandFailure(.nothingFound, "no node has reported yet") }
  }

  private func print(_ nodes: [NodeSummary], _ zone: Zone, showsScope: Bool, to printer: Printer) {
    var table = Table(
      [.init("NODE", isElastic: false)] + (showsScope ? [.init("SCOPE")] : [])
        + [.init("STATUS"), .init("FIRST RECORDED"), .init("LAST SEEN"), .init("TAGS")])
    for node in nodes {
      let tags = node.tags.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
      let isGone = node.status == .terminated || node.status == .deregistered
      let style: Style? = isGone ? .red : node.status == .lost ? .yellow : nil
      var row = [Table.Cell(node.node.text)]
      if showsScope { row.append(.init(node.scope.description)) }
      row += [
        .init(node.status.description, style), .init(zone.text(node.firstRecorded)),
        .init(node.lastSeen.map(zone.text) ?? "never"), .init(tags),
      ]
      table.rows.append(row)
    }
    table.print(to: printer)
    let count = counted(nodes.count, "node")
    printer.line(printer.styled("\(count), times in \(zone.label(at: .now))", .faint))
    printer.flush()
  }
}
