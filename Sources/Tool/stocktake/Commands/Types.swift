import Questions
import Times
import ArgumentParser
import HistoryStore
import Inventory

/// The command `stocktake types`.
struct Types: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the inventory types that were reported, and what is known of each.",
    discussion: """
      EXAMPLES
        stocktake types
        stocktake types --format json
      """)

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: WideScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func run() throws {
    let zone = try time.zone()
    if let server = try store.remote(self.scope) {
      return try server.show(
        "/v1/types", [], as: output.format, columns: TypeSummary.columns,
        nothing: "no inventory type was reported yet")
    }
    let store = try store.openForReading()
    let scope = try scope.scope(in: store)
    let types = try store.schemas(in: scope)
    let printer = Printer()
    if output.format != .table {
      ListWriter.write(
        types.map(\.json), to: printer, as: output.format, columns: TypeSummary.columns)
    } else if !types.isEmpty {
      var table = Table(
        [.init("TYPE", isElastic: false)] + (scope == nil ? [.init("SCOPE")] : [])
          + [
            .init("NODES", isRightAligned: true), .init("VERSIONS"), .init("IDENTITY"),
            .init("DELETED"), .init("ATTRIBUTES"),
          ])
      for type in types {
        var row = [Table.Cell(type.type.text)]
        if scope == nil { row.append(.init(type.scope.description)) }
        let identity = type.identity.joined(separator: " ")
        row += [
          .init(grouped(type.nodeCount)), .init(type.versions.joined(separator: " ")),
          .init(type.isDeclared ? identity + " (declared)" : identity),
          .init(type.deleted.map(zone.text) ?? "", .red),
          .init(type.attributes.joined(separator: " ")),
        ]
        table.rows.append(row)
      }
      table.print(to: printer)
      printer.flush()
    }
    if types.isEmpty { throw CommandFailure(.nothingFound, "no inventory type was reported yet") }
  }
}
