import HistoryStore
import Inventory
import JSONTape

// Which sources packages were built from: by the node's own word, else by that of others.

extension Question {
  /// `sources`: what the packages of a node were built from.
  package static let sources = Question(
    Asked(
      name: "sources", verb: "sources", path: "/v1/nodes/{id}/sources",
      summary: "Which sources the packages of a node were built from, and whose they are.",
      parameters: [.node, .at, .knownAt, .glob], positional: ["id"]),
    Answered(
      schema: "PackageSource", columns: SourcedPackage.columns.descriptions,
      order: "by name, architecture and version",
      nothing: { arguments, _, _ in
        let name = arguments.text("name").map { " that fits \"\($0)\"" } ?? ""
        return "no package of \(arguments.node)\(name) is known at that time"
      })
  ) { reader, arguments, answer in
    let node = try reader.meant(arguments.node)
    let filter = NameFilter(arguments.text("name"))
    let packages = try reader.state(of: node, type: .application).items
      .filter { filter.matches($0, of: .application) }
    var sources = try KnownSources(of: node, reader)
    for package in packages.sortedForPeople() {
      answer.rows.append(SourcedPackage.columns.object(try sources.sourced(package, reader)))
    }
  }
}

/// A package with what is known of where it came from.
struct SourcedPackage {
  /// Who says what a package was built from.
  enum Teller: String {
    /// The node itself, of that time.
    case node
    /// The node at another time, or others of the same platform.
    case fleet
  }

  /// The item of `AWS:Application`.
  var package: Item
  /// The item of `Custom:PackageSource`; nil where nobody tells.
  var source: Item?
  var teller: Teller?
  var origin: String?

  static let columns = Columns<SourcedPackage>([
    .init("name", .text, "The package.") { .string($0.package["Name"] ?? "") },
    .init("version", .text, "Its `Version`.") { .string($0.package["Version"] ?? "") },
    .init("release", .text, "Its `Release`.", null: "it has none") { .text($0.package["Release"]) },
    .init("architecture", .text, "Its `Architecture`.") {
      .string($0.package["Architecture"] ?? "")
    },
    .init("source", .text, "The source's name.", null: "not known") {
      .text($0.source?["SourceName"])
    },
    .init("sourceVersion", .text, "The source's version.", null: "not known") {
      .text($0.source?["SourceVersion"])
    },
    .init(
      "told", .text, "Who says so: `node`, or `fleet`: it at another time, or others.",
      null: "nobody"
    ) {
      .text($0.teller?.rawValue)
    },
    .init("origin", .text, "Whose archive it is from.", null: "not known") { .text($0.origin) },
  ])
}

/// What is known of the sources of a node's packages.
private struct KnownSources {
  /// What tells one version of a package from all others.
  private typealias Key = [String?]

  private let node: NodeID
  private var own: [Key: Item] = [:]
  private var origins: [Key: String] = [:]
  /// The nodes of the same platform, once they were looked for.
  private var others: Set<NodeID>?

  init(of node: NodeID, _ reader: borrowing HistoryReader) throws {
    self.node = node
    for item in try reader.state(of: node, type: .packageSource).items {
      own[Self.key(item)] = item
    }
    for item in try reader.state(of: node, type: .packageOrigin).items {
      origins[[item["Name"], item["Architecture"]]] = item["Origin"]
    }
  }

  private static func key(_ item: Item) -> Key {
    ["Name", "Version", "Release", "Epoch", "Architecture"].map { item[$0] }
  }

  /// A package with its source.
  ///
  /// A version of a package is built once in a distribution, and the same wherever it is installed; so what
  /// any node of the platform said of it at any time holds for all. Where they contradict each other it is
  /// not known.
  mutating func sourced(
    _ package: Item, _ reader: borrowing HistoryReader
  ) throws -> SourcedPackage {
    let key = Self.key(package)
    var sourced = SourcedPackage(package: package)
    sourced.origin = origins[[package["Name"], package["Architecture"]]]
    if let item = own[key] {
      (sourced.source, sourced.teller) = (item, .node)
      return sourced
    }
    try Task.checkCancellation()
    let platform = try others ?? nodesOfPlatform(reader)
    others = platform
    guard !platform.isEmpty, let name = package["Name"] else { return sourced }
    let told = try reader.items(named: name, type: .packageSource) { platform.contains($1) }
      .filter { Self.key($0) == key }
    let sources = Set(told.map { [$0["SourceName"], $0["SourceVersion"]] })
    guard sources.count == 1 else { return sourced }
    (sourced.source, sourced.teller) = (told.first, .fleet)
    return sourced
  }

  /// The nodes that say the same `PlatformName` as this one, which is one of them; none where it says none.
  private func nodesOfPlatform(_ reader: borrowing HistoryReader) throws -> Set<NodeID> {
    var platforms: [NodeID: String] = [:]
    for (scope, id) in try reader.ids() {
      platforms[id] = try reader.information(of: id, in: scope)?["PlatformName"]
    }
    guard let own = platforms[node] else { return [] }
    return Set(platforms.filter { $0.value == own }.keys)
  }
}
