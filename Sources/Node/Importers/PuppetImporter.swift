import Collectors
public import Foundation
public import Inventory
import JSONTape

/// Reads which packages Puppet knows, as JSON.
///
/// Three forms are known by their shape: what `puppet resource package --to_json` prints, facts with
/// the inventory of packages (`_puppet_inventory_1`, as `facter`, `puppet facts` and PuppetDB's
/// `inventory` give them), and answers of PuppetDB's `package-inventory`. Packages of the system
/// become `AWS:Application`, those of pip, npm and RubyGems the types of their languages.
public struct PuppetImporter: Sendable {
  /// The certificate name of the node of which is read; nil where there is only one.
  public let host: String?
  /// The time zone of times that name none.
  public let timeZone: TimeZone
  /// The valid time of files that name none; nil for when the file was last written.
  public let time: Instant?

  /// Takes the node, the time zone and the valid time, as far as the files do not name them.
  public init(host: String? = nil, timeZone: TimeZone = .current, at time: Instant? = nil) {
    self.host = host
    self.timeZone = timeZone
    self.time = time
  }

  /// Reads files, plain or packed, given in any order.
  ///
  /// A file that cannot be read, has none of the forms or an entry that is no package is one of the
  /// ``ImportedHistory/failures``, or a ``CollectorError`` that names it where it is the only one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    var states = StateHistory(of: .puppet)
    try states.read(paths) { path, states in
      let document = try JSONDocument.value(ofFileAt: path, &states.warnings)
      let all = try Self.facts(in: document, path: path)
      for found in try PackageFacts.chosen(of: all, host: host, path: path) {
        let time = try DocumentTime(
          text: found.time, name: found.timeName, path: path, given: self.time
        ).instant(in: timeZone, &states.warnings)
        var list = PackageList()
        for entry in found.value.elements ?? [] {
          states.recordsRead += 1
          guard let packages = Self.packages(entry) else {
            throw CollectorError(
              "\(path): entry \(states.recordsRead) is no package with its name and version; it"
                + " gives no observation")
          }
          for package in packages { list.add(package) }
        }
        for (type, items) in list.content {
          states.add(
            items, of: type, schemaVersion: type == .application ? "1.1" : "1.0", at: time,
            place: path)
        }
      }
    }
    return states.history(node: node)
  }

  /// The packages of each node, as `[name, version, provider]`.
  private static func facts(
    in document: JSONValue, path: String
  ) throws(CollectorError) -> [PackageFacts] {
    if let resources = document["package"]?.members ?? document["Package"]?.members {
      let rows = resources.map { resource -> JSONValue in
        .array([
          .string(resource.name), resource.value["ensure"] ?? .null,
          resource.value["provider"] ?? .null,
        ])
      }
      return [PackageFacts(value: .array(rows))]
    }
    guard let elements = document.elements else { return facts(ofNode: document) }
    guard elements.contains(where: { $0["package_name"] != nil }) else {
      return elements.flatMap(facts(ofNode:))
    }
    var nodes: [String: [JSONValue]] = [:]
    for row in elements {
      guard let node = row["certname"]?.string else {
        throw CollectorError(
          "\(path) names packages without the certname of a node, as PuppetDB's \"packages\" does of"
            + " all nodes together; \"package-inventory\" has it")
      }
      nodes[node, default: []].append(
        .array([
          row["package_name"] ?? .null, row["version"] ?? .null, row["provider"] ?? .null,
        ]))
    }
    return nodes.sorted { $0.key < $1.key }.map { node, rows in
      var facts = PackageFacts(value: .array(rows))
      facts.host = node
      return facts
    }
  }

  /// The inventory of packages among the facts of a node; none where it was not gathered.
  private static func facts(ofNode value: JSONValue) -> [PackageFacts] {
    let facts = value["values"] ?? value["facts"] ?? value
    guard let packages = facts["_puppet_inventory_1"]?["packages"] else { return [] }
    var found = PackageFacts(value: packages)
    found.host = (value["certname"] ?? value["name"])?.string
    found.time = value["timestamp"]?.string
    found.timeName = "timestamp"
    return [found]
  }

  /// What a version is where nothing is installed.
  private static let absent: Set<String> = ["absent", "purged", "undef"]
  /// What stands for a version that is not told.
  private static let untold: Set<String> = ["present", "installed", "latest", "held"]

  /// The packages of an entry, one for each version; nil where it is none.
  private static func packages(_ entry: JSONValue) -> [ForeignPackage]? {
    guard let parts = entry.elements, parts.count >= 2, let name = parts[0].string, !name.isEmpty
    else { return nil }
    let versions = (parts[1].elements ?? [parts[1]]).map(\.plainText)
    let kind = PackageKind(puppetProvider: parts.count > 2 ? parts[2].string ?? "" : "")
    var packages: [ForeignPackage] = []
    for version in versions {
      guard let version else { return nil }
      if absent.contains(version) { continue }
      packages.append(
        ForeignPackage(kind, name: name, version: untold.contains(version) ? "" : version))
    }
    return packages
  }
}
