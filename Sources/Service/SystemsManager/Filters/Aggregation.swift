import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

/// A tree of aggregators: each path from the top to a leaf gives one table of counts.
struct Aggregation {
  /// One level: an attribute to group by.
  struct Level {
    var type: TypeName
    var attribute: String
  }

  /// Groups of nodes that fulfil some filters, and those that do not.
  struct Group {
    var name: String
    var condition: NodeCondition
    var matching = 0
    var notMatching = 0
  }

  /// A path of levels with the nodes counted by their values.
  struct Path {
    var levels: [Level]
    var counts: [[String]: Int] = [:]
  }

  private(set) var paths: [Path] = []
  private(set) var groups: [Group] = []

  /// Rows that one path may have; more are an error that says so.
  private static let rowsMax = 10_000

  init(_ aggregators: [JSONValue], _ moment: inout Moment) throws(AWSError) {
    for aggregator in aggregators { try add(aggregator, below: [], &moment) }
  }

  private mutating func add(
    _ aggregator: JSONValue, below levels: [Level], _ moment: inout Moment
  ) throws(AWSError) {
    let inner = aggregator["Aggregators"]?.elements ?? []
    let groups = aggregator["Groups"]?.elements ?? []
    for group in groups {
      let name = group["Name"]?.text ?? ""
      do throws(AWSError) {
        let filters = try InventoryFilter.parse(
          group["Filters"]?.elements ?? [], &moment, allowsExists: true)
        self.groups.append(Group(name: name, condition: NodeCondition(filters)))
      } catch {
        throw AWSError(
          "InvalidInventoryGroupException", "The group '\(name)' isn't valid: \(error.message)")
      }
    }
    guard let expression = aggregator["Expression"]?.text else {
      guard !groups.isEmpty, inner.isEmpty else {
        throw Self.invalid("An aggregator needs an Expression or Groups.")
      }
      return
    }
    let path = levels + [try Self.level(expression)]
    if inner.isEmpty {
      paths.append(Path(levels: path))
    } else {
      for aggregator in inner { try add(aggregator, below: path, &moment) }
    }
  }

  private static func level(_ expression: String) throws(AWSError) -> Level {
    guard let dot = expression.lastIndex(of: "."),
      let type = try? TypeName(String(expression[..<dot])),
      expression.index(after: dot) < expression.endIndex
    else {
      throw invalid(
        "The expression '\(expression)' isn't <TypeName>.<Attribute>, such as "
          + "AWS:InstanceInformation.PlatformType.")
    }
    let attribute = String(expression[expression.index(after: dot)...])
    if let definition = TypeDefinition.builtIn[type.text] {
      guard definition.attributes.contains(attribute) else {
        throw invalid("\(type) has no attribute '\(attribute)'.")
      }
    } else if type.text.hasPrefix("AWS:") {
      throw invalid("The inventory type \(type) isn't known.")
    }
    return Level(type: type, attribute: attribute)
  }

  private static func invalid(_ message: String) -> AWSError {
    AWSError("InvalidAggregatorException", message)
  }

  /// Counts a node.
  mutating func count(_ view: NodeView, _ reader: borrowing HistoryReader) throws {
    for index in groups.indices {
      if try groups[index].condition.matches(view, reader) {
        groups[index].matching += 1
      } else {
        groups[index].notMatching += 1
      }
    }
    for index in paths.indices {
      for key in try Self.values(paths[index].levels, view, reader) {
        paths[index].counts[key, default: 0] += 1
      }
      guard paths[index].counts.count <= Self.rowsMax else {
        throw Self.invalid(
          "The answer would have more than \(Self.rowsMax) rows: add a filter.")
      }
    }
  }

  /// The values of a node along a path: neighbours of one type are taken from one row together.
  private static func values(
    _ levels: [Level], _ view: NodeView, _ reader: borrowing HistoryReader
  ) throws -> Set<[String]> {
    var result: Set<[String]> = [[]]
    var start = levels.startIndex
    while start < levels.endIndex {
      let type = levels[start].type
      let end = levels[start...].firstIndex { $0.type != type } ?? levels.endIndex
      let names = levels[start..<end].map(\.attribute)
      var tuples: Set<[String]> = []
      func take(_ row: Item) {
        let values = names.compactMap { row[$0] }
        if values.count == names.count { tuples.insert(values) }
      }
      if type == .instanceInformation {
        take(view.information)
      } else {
        for item in try reader.state(of: view.node, number: view.number, type: type).items {
          take(item)
        }
      }
      var product: Set<[String]> = []
      for head in result {
        for tail in tuples { product.insert(head + tail) }
        guard product.count <= rowsMax else {
          throw invalid("One node has more than \(rowsMax) combinations of these attributes.")
        }
      }
      result = product
      start = end
    }
    return result
  }

  /// The one entity of the answer: counts by the type of the outermost expression, and groups.
  var entity: JSONValue {
    var contents: [(key: String, rows: [JSONValue])] = []
    for path in paths {
      let key = path.levels[0].type.text
      let rows = path.counts.sorted { a, b in
        (b.value, a.key.joined(separator: "\u{0}")) < (a.value, b.key.joined(separator: "\u{0}"))
      }.map { Self.row($0.key, $0.value, path.levels) }
      if let known = contents.firstIndex(where: { $0.key == key }) {
        contents[known].rows += rows
      } else {
        contents.append((key, rows))
      }
    }
    for group in groups {
      contents.append(
        (
          group.name,
          [
            .object([.init("notMatchingCount", .string(String(group.notMatching)))]),
            .object([.init("matchingCount", .string(String(group.matching)))]),
          ]
        ))
    }
    return .object([
      .init(
        "Data",
        .object(
          contents.map { content in
            .init(
              content.key,
              .object([
                .init("TypeName", .string(content.key)), .init("SchemaVersion", .string("1.0")),
                .init("Content", .array(content.rows)),
              ]))
          }))
    ])
  }

  private static func row(_ values: [String], _ count: Int, _ levels: [Level]) -> JSONValue {
    .object(
      [.init("Count", .string(String(count)))]
        + zip(levels, values).map { .init($0.attribute, .string($1)) })
  }
}
