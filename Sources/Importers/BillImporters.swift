import Collectors
public import Inventory
import JSONTape

/// Reads bills of materials in CycloneDX's JSON, versions 1.2 to 1.6.
///
/// Each bill is a full state at `metadata.timestamp`, or when its file was last written. Components
/// with package URLs of Debian, rpm, Alpine and Arch become `AWS:Application`, those of PyPI
/// `Custom:PythonPackage`, those of npm `Custom:NodePackage`; a type of which a bill has none is in
/// no observation.
public struct CycloneDXImporter: Sendable {
  /// The valid time of a bill that names none; nil for when its file was last written.
  public let time: Instant?

  /// Takes the valid time of a bill that names none, or nil for that of its file.
  public init(at time: Instant? = nil) { self.time = time }

  /// Reads bills, plain or packed by gzip, given in any order.
  ///
  /// Throws a ``CollectorError`` that names the file where one cannot be read or is no such bill.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    try billHistory(of: .cycloneDX, paths: paths, node: node, at: time) { document, path in
      guard document["bomFormat"]?.string == "CycloneDX" else {
        throw CollectorError("\(path) is no bill of materials in CycloneDX's JSON")
      }
      var bill = Bill(time: document["metadata"]?["timestamp"]?.string)
      // Components can have components; order does not matter.
      var waiting = document["components"]?.elements ?? []
      while let component = waiting.popLast() {
        waiting += component["components"]?.elements ?? []
        let links = component["externalReferences"]?.elements ?? []
        bill.add(
          component["purl"]?.string,
          publisher: component["publisher"]?.string ?? component["supplier"]?["name"]?.string,
          summary: component["description"]?.string,
          homepage: links.first { $0["type"]?.string == "website" }?["url"]?.string)
      }
      return bill
    }
  }
}

/// Reads bills of materials in SPDX's JSON, versions 2.2 and 2.3.
///
/// Each bill is a full state at `creationInfo.created`, or when its file was last written, with the
/// same types as ``CycloneDXImporter``.
public struct SPDXImporter: Sendable {
  /// The valid time of a bill that names none; nil for when its file was last written.
  public let time: Instant?

  /// Takes the valid time of a bill that names none, or nil for that of its file.
  public init(at time: Instant? = nil) { self.time = time }

  /// Reads bills, plain or packed by gzip, given in any order.
  ///
  /// Throws a ``CollectorError`` that names the file where one cannot be read or is no such bill.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    try billHistory(of: .spdx, paths: paths, node: node, at: time) { document, path in
      guard document["spdxVersion"]?.string?.hasPrefix("SPDX-2.") == true else {
        throw CollectorError("\(path) is no bill of materials in SPDX's JSON")
      }
      var bill = Bill(time: document["creationInfo"]?["created"]?.string)
      for package in document["packages"]?.elements ?? [] {
        let references = package["externalRefs"]?.elements ?? []
        let purl = references.first { $0["referenceType"]?.string == "purl" }
        bill.add(
          purl?["referenceLocator"]?.string,
          publisher: package["supplier"]?.string.flatMap(Self.agent),
          summary: package["summary"]?.string ?? package["description"]?.string,
          homepage: package["homepage"]?.string.flatMap { Self.isNothing($0) ? nil : $0 })
      }
      return bill
    }
  }

  /// `Organization: Debian` and `Person: Someone (s@example.org)` without the first word.
  private static func agent(_ text: String) -> String? {
    guard !isNothing(text), let colon = text.firstIndex(of: ":") else { return nil }
    return String(text[text.index(after: colon)...].drop { $0 == " " })
  }

  private static func isNothing(_ text: String) -> Bool {
    text == "NOASSERTION" || text == "NONE"
  }
}

/// What a bill has, sorted by type.
private struct Bill {
  /// As the bill writes it.
  let time: String?
  var content: [TypeName: Set<Item>] = [:]
  var count = 0
  /// Packages of kinds that no type is for, and those without a package URL.
  var others: [String: Int] = [:]

  init(time: String?) { self.time = time }

  mutating func add(_ purl: String?, publisher: String?, summary: String?, homepage: String?) {
    count += 1
    guard let url = purl.flatMap(PackageURL.init) else {
      others["no package URL", default: 0] += 1
      return
    }
    let package = BillPackage(url: url, publisher: publisher, summary: summary, homepage: homepage)
    guard let type = package.type else {
      others[url.type.printable, default: 0] += 1
      return
    }
    // A bill may name one package for each place where it was found.
    content[type, default: []].insert(package.item)
  }
}

private func billHistory(
  of source: Report.Source, paths: [String], node: NodeID, at given: Instant?,
  read: (JSONValue, _ path: String) throws -> Bill
) throws -> ImportedHistory {
  var states = StateHistory(of: source)
  try states.read(paths) { path, states in
    let bill = try read(JSONDocument.value(ofFileAt: path), path)
    states.recordsRead += bill.count
    var time = bill.time.flatMap(TextTime.instant)
    if time == nil, let given { time = given }
    if time == nil {
      time = try FileTime.modified(path)
      states.warnings.add("\(path) says no time of its own; its file is of that time")
    }
    if !bill.others.isEmpty {
      let kinds = bill.others.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      states.warnings.add("\(path): left out by kind: \(kinds.prefix(20).joined(separator: ", "))")
    }
    for (type, items) in bill.content.sorted(by: { $0.key < $1.key }) {
      states.add(
        items.sorted(by: Item.precedes), of: type,
        schemaVersion: type == .application ? "1.1" : "1.0", at: time ?? .distantPast, place: path)
    }
  }
  return states.history(node: node)
}

extension Item {
  /// An order of items by names and values, the name of the item first.
  static func precedes(_ a: Item, _ b: Item) -> Bool {
    let (first, second) = (a["Name"] ?? "", b["Name"] ?? "")
    if first != second { return first < second }
    return a.attributes.lexicographicallyPrecedes(b.attributes) {
      ($0.name, $0.value) < ($1.name, $1.value)
    }
  }
}
