import ArgumentParser
import FleetModel
import Foundation

/// Measures the same figures on fleets of different size and age.
struct GrowthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "growth",
    abstract: "Measure ingest, memory, state and who-had as fleets grow.",
    discussion: """
      A point is a number of nodes and of days; each is a store of its own. The first load is that
      of the first day, in CPU microseconds per change event. Ingest is measured over the last tenth
      of the reports, when the store is nearly as large as it gets, in CPU and wall microseconds per
      item reported. Memory is the most that was resident: the heap, and pages of the mapped file,
      which the kernel takes back when it needs them. The fleet is made up by a process of its own
      and takes nothing of it. Questions are in microseconds of wall time, and every answer is
      compared.

        stocktake-bench growth
        stocktake-bench growth --points 100000x2 --format json
        stocktake-bench growth --points 200x30,200x365 --items 100

      The largest point of the default takes some minutes and 2 GB of disk.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, json }

  @Option(help: "Fleets, as NODESxDAYS, separated by commas.") var points =
    "50x30,50x365,50x1825,1000x2,10000x2,100000x2"
  @Option(help: "Packages of a node, about.") var items = 500
  @Option(help: "What the random numbers come from.") var seed: UInt64 = 1
  @Option(help: "Questions of each kind.") var questions = 200
  @Option(help: "How to print; either way, a line as soon as it is known.") var format =
    Format.table
  @Flag(help: .hidden) var isContinued = false

  func validate() throws { _ = try shapes() }

  private func shapes() throws -> [FleetShape] {
    try points.split(separator: ",").map { point in
      let numbers = point.split(separator: "x").compactMap { Int($0) }
      guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else {
        throw ValidationError("\(point) is not NODESxDAYS")
      }
      var shape = FleetShape(nodeCount: numbers[0], dayCount: numbers[1])
      shape.itemCount = items
      shape.seed = seed
      return shape
    }
  }

  func run() throws {
    if format == .table && !isContinued { print(row(GrowthPoint.columns.map(\.1))) }
    let shapes = try shapes()
    if shapes.count == 1 { return try measure(shapes[0]) }
    fflush(nil)
    for shape in shapes { try start(shape) }
  }

  /// A process for each point: what one leaves on the heap must not be counted as the next one's.
  private func start(_ shape: FleetShape) throws {
    let point = try Process.run(
      GrowthFleet.program,
      arguments: [
        "growth", "--points", "\(shape.nodeCount)x\(shape.dayCount)", "--items", "\(items)",
        "--seed", "\(seed)", "--questions", "\(questions)", "--format", format.rawValue,
        "--is-continued",
      ])
    point.waitUntilExit()
    guard point.terminationStatus == 0 else { throw ExitCode(1) }
  }

  private func measure(_ shape: FleetShape) throws {
    let point = try GrowthPoint(shape, questionCount: questions)
    switch format {
    case .json:
      let fields = zip(GrowthPoint.columns, point.values).map { column, value in
        #""\#(column.0)":\#(value)"#
      }
      print("{" + fields.joined(separator: ",") + "}")
    case .table: print(row(point.values))
    }
    guard point.wrongCount == 0 else { throw Failure("\(point.wrongCount) answers were wrong") }
  }

  private func row(_ fields: [String]) -> String {
    fields.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }
}
