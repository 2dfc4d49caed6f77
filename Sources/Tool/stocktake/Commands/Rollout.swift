import Questions
import Times
import PlainText
import ArgumentParser
import HistoryStore
import Inventory

/// The command `stocktake rollout`.
struct Rollout: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how versions of an item spread: nodes per version over time.",
    discussion: """
      Each mark of the picture is one moment; a dot means that no node had that version. All rows \
      share one scale.

      EXAMPLES
        stocktake rollout openssl --from 2026-03-01 --to 2026-04-01
        stocktake rollout openssl --from "30 days ago" --every 12h
        stocktake rollout openssl --from 2026-03-01 --format ndjson
      """)

  /// More would not fit a screen.
  private static let stepsPreferredMax = 60
  /// More is a mistake.
  private static let stepsMax = 10_000

  @Argument(help: "The item's name.")
  var name: String

  @Option(help: "The inventory type.")
  var type = TypeName.application.text

  @Option(help: "The first valid time.")
  var from: String

  @Option(help: "The last valid time. Default: now.")
  var to: String?

  @Option(
    help: ArgumentHelp(
      "The time between two steps: 1d, 6h, 15m. Default: what gives at most 60 steps.",
      valueName: "duration"))
  var every: String?

  @OptionGroup var store: SourceOptions
  @OptionGroup var scope: ScopeOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var time: TimeOptions

  func run() throws {
    let type = try parseType(type)
    let times = try time.reader()
    let range = try times.readRange(from, to)
    let steps = try Self.steps(
      from: range.from ?? times.now, to: range.to ?? times.now, every: every)
    if let server = try store.remote(region: scope.region) {
      let step = steps.count > 1 ? steps[1].seconds - steps[0].seconds : 1
      return try server.show(
        "/v1/rollout",
        [
          ("name", name), ("type", type.text), ("from", steps[0].description),
          ("to", (range.to ?? times.now).description), ("every", String(step)),
        ], as: output.format, columns: RolloutStep.columns,
        nothing: "no node had \(name) (\(type)) in that time")
    }
    let store = try store.openForReading()
    let rollout = try store.rollout(
      of: name, type: type, at: steps, in: try scope.scope(in: store))
    let printer = Printer()
    let isFound = rollout.contains { !$0.nodesByVersion.isEmpty }
    if output.format != .table {
      ListWriter.write(
        rollout.map(\.json), to: printer, as: output.format, columns: RolloutStep.columns)
    } else if isFound {
      print(rollout, type, times.zone, to: printer)
    }
    printer.flush()
    if !isFound {
      throw CommandFailure(.nothingFound, "no node had \(name) (\(type)) in that time")
    }
  }

  /// The moments from one time to another, both included where the step hits the second.
  static func steps(from: Instant, to: Instant, every: String?) throws -> [Instant] {
    let length = to.seconds - from.seconds
    let step: Int64
    if let every {
      guard let seconds = TimeParser.durationSeconds(every), seconds > 0 else {
        throw CommandFailure(.usage, "--every \"\(every.onOneLine)\": write 1d, 6h or 15m")
      }
      step = seconds
    } else {
      let natural: [Int64] = [
        1, 60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600,
        2_592_000, 7_776_000, 31_536_000,
      ]
      step = natural.first { length / $0 < Self.stepsPreferredMax } ?? max(1, length / 50)
    }
    guard length / step < Self.stepsMax else {
      throw CommandFailure(
        .usage, "that are more than \(grouped(stepsMax)) steps; give a longer --every")
    }
    return (0...(length / step)).map { from.advanced(bySeconds: $0 * step) }
  }

  private func print(_ steps: [RolloutStep], _ type: TypeName, _ zone: Zone, to printer: Printer) {
    let nodes = steps.map(\.nodesByVersion)
    let versions = Set(nodes.flatMap(\.keys)).sorted(by: isOrderedAsVersions)
    let top = nodes.flatMap(\.values).max() ?? 0
    printer.line(
      printer.styled("\(name)  \(type)".withoutControls, .bold)
        + "  \(zone.text(steps[0].at)) → \(zone.text(steps[steps.count - 1].at))"
        + "  times in \(zone.label(at: steps[0].at))")
    printer.line()
    var table = Table([
      .init("VERSION"), .init("NODES OVER TIME", isElastic: false),
      .init("FIRST", isRightAligned: true), .init("MOST", isRightAligned: true),
      .init("LAST", isRightAligned: true), .init("FIRST SEEN"),
    ])
    for version in versions {
      let counts = nodes.map { $0[version] ?? 0 }
      let seen = counts.firstIndex { $0 > 0 } ?? 0
      table.rows.append([
        .init(version.isEmpty ? "(none)" : version), .init(sparkline(counts, max: top), .cyan),
        .init(grouped(counts[0])), .init(grouped(counts.max() ?? 0)),
        .init(grouped(counts[counts.count - 1]), .bold), .init(zone.text(steps[seen].at)),
      ])
    }
    table.print(to: printer)
  }
}
