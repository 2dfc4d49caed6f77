import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let listNodesSummary = Operation(
    "ListNodesSummary", access: .read, load: .question,
    input: [
      .syncName, .nodeFilters,
      Field("Aggregators", .list(.nodeAggregator, min: 1, max: 2), required: true), .nextToken,
      .maxResults(),
    ],
    errors: [
      "InvalidAggregatorException", "InvalidFilter", "InvalidNextToken",
      "ResourceDataSyncNotFoundException",
    ]
  ) { try $0.listNodesSummary($1) }

  /// ListNodesSummary: how many nodes there are by one or two attributes.
  func listNodesSummary(_ request: AWSRequest) throws -> JSONValue {
    try refuseSync(request)
    let token = try tokens.decode(request)
    var moment = moment(token)
    let filters = try nodeFilters(request, &moment)
    let paths = try request.list("Aggregators").flatMap { try Self.paths($0, below: []) }
    return try reading(request, moment) { reader in
      let changed = try changedNodes(request, moment, through: reader.sequence)
      var counts = paths.map { _ in [[String]: Int]() }
      try reader.forEachNode(after: nil) { node, number in
        guard changed?.contains(node) ?? true, let view = try reader.view(node, number),
          let row = Self.nodeRow(view, request.scope, filters)
        else { return true }
        for (index, path) in paths.enumerated() {
          let values = path.compactMap { row[$0] }
          if values.count == path.count { counts[index][values, default: 0] += 1 }
        }
        return true
      }
      var rows: [JSONValue] = []
      for (path, counts) in zip(paths, counts) {
        for (values, count) in counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
          rows.append(
            .object(
              [.init("Count", .string(String(count)))]
                + zip(path, values).map { .init($0, .string($1)) }))
        }
      }
      let page = tokens.slice(
        rows, request, token, sequence: reader.sequence.value, asked: moment.asked)
      return .present([
        .init("Summary", .array(page.values)), .init("NextToken", .text(page.token)),
      ])
    }
  }

  private static func paths(
    _ aggregator: JSONValue, below names: [String]
  ) throws(AWSError) -> [[String]] {
    let path = names + [aggregator["AttributeName"]?.text ?? ""]
    guard path.count <= 2, Set(path).count == path.count else {
      throw AWSError(
        "InvalidAggregatorException", "Aggregators nest two levels deep, by different attributes.")
    }
    guard let inner = aggregator["Aggregators"]?.elements else { return [path] }
    var result: [[String]] = []
    for aggregator in inner { result += try paths(aggregator, below: path) }
    return result
  }
}
