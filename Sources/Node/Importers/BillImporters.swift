import Collectors
public import Foundation
public import Inventory
import JSONTape

/// Reads bills of materials in CycloneDX's JSON, versions 1.2 to 1.7.
///
/// Each bill is a full state at `metadata.timestamp`. Components with package URLs of Debian, rpm,
/// Alpine, Arch and OpenWrt become `AWS:Application`, those of PyPI `Custom:PythonPackage`, those of
/// npm `Custom:NodePackage`, gems `Custom:RubyGem`; a type of which a bill has none is in no
/// observation.
public struct CycloneDXImporter: Sendable {
  private let clock: BillClock

  /// Takes the time zone of times that name none, and the valid time of bills that name no time; nil
  /// for when the file was last written.
  public init(timeZone: TimeZone = .current, at time: Instant? = nil) {
    clock = BillClock(timeZone: timeZone, given: time)
  }

  /// Reads bills, plain or packed, given in any order.
  ///
  /// A file that cannot be read or is no such bill is one of the ``ImportedHistory/failures``, or a
  /// ``CollectorError`` that names it where it is the only one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    try billHistory(of: .cycloneDX, paths: paths, node: node, clock) { document, path in
      guard let document = document.unwrapped(where: { $0["bomFormat"]?.string == "CycloneDX" })
      else { throw CollectorError("\(path) is no bill of materials in CycloneDX's JSON") }
      let metadata = document["metadata"]
      var bill = Bill(time: metadata?["timestamp"]?.plainText, timeName: "metadata.timestamp")
      // Components can have components; order does not matter.
      var waiting = document["components"]?.elements ?? []
      waiting += metadata?["component"]?["components"]?.elements ?? []
      while let component = waiting.popLast() {
        waiting += component["components"]?.elements ?? []
        bill.packages.add(Self.component(component))
      }
      return bill
    }
  }

  private static func component(_ value: JSONValue) -> BillComponent {
    let links = value["externalReferences"]?.elements ?? []
    var component = BillComponent(
      packageURLs: value["purl"]?.string.map { [$0] } ?? [], name: value["name"]?.string,
      version: value["version"]?.plainText)
    component.publisher = value["publisher"]?.string ?? value["supplier"]?["name"]?.string
    component.summary = value["description"]?.string
    component.homepage = links.first { $0["type"]?.string == "website" }?["url"]?.string
    var words: [String: String] = [:]
    for property in value["properties"]?.elements ?? [] {
      guard let name = property["name"]?.string, let file = property["value"]?.string else {
        continue
      }
      let beginning = "aquasecurity:trivy:"
      if name.hasPrefix(beginning) { words[String(name.dropFirst(beginning.utf8.count))] = file }
      // As syft, trivy and cdxgen name where they found a component.
      let isFile =
        name.hasPrefix("syft:location:") && name.hasSuffix(":path")
        || name == "aquasecurity:trivy:FilePath" || name == "SrcFile"
      if isFile { component.files.append(file) }
    }
    component.source = BillSource(properties: words)
    for place in value["evidence"]?["occurrences"]?.elements ?? [] {
      if let file = place["location"]?.string { component.files.append(file) }
    }
    return component
  }
}

/// Reads bills of materials in SPDX's JSON, versions 2.2 and 2.3.
///
/// Each bill is a full state at `creationInfo.created`, with the same types as
/// ``CycloneDXImporter``.
public struct SPDXImporter: Sendable {
  private let clock: BillClock

  /// Takes the time zone of times that name none, and the valid time of bills that name no time; nil
  /// for when the file was last written.
  public init(timeZone: TimeZone = .current, at time: Instant? = nil) {
    clock = BillClock(timeZone: timeZone, given: time)
  }

  /// Reads bills, plain or packed, given in any order.
  ///
  /// A file that cannot be read or is no such bill is one of the ``ImportedHistory/failures``, or a
  /// ``CollectorError`` that names it where it is the only one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    try billHistory(of: .spdx, paths: paths, node: node, clock) { document, path in
      let document = document.unwrapped {
        $0["spdxVersion"]?.string?.hasPrefix("SPDX-2.") == true
      }
      guard let document else {
        throw CollectorError("\(path) is no bill of materials in SPDX's JSON, version 2")
      }
      var bill = Bill(
        time: document["creationInfo"]?["created"]?.plainText, timeName: "creationInfo.created")
      var files: [String: String] = [:]
      for file in document["files"]?.elements ?? [] {
        if let id = file["SPDXID"]?.string { files[id] = file["fileName"]?.string }
      }
      for package in document["packages"]?.elements ?? [] {
        bill.packages.add(Self.component(package, files))
      }
      return bill
    }
  }

  private static func component(_ value: JSONValue, _ files: [String: String]) -> BillComponent {
    // Version 2.2 writes the type of a reference as `http://spdx.org/rdf/references/purl` too; what
    // it points to says what it is.
    let urls = (value["externalRefs"]?.elements ?? []).compactMap {
      $0["referenceLocator"]?.string
    }.filter { PackageURL.type(of: $0) != nil }
    var component = BillComponent(
      packageURLs: urls, name: value["name"]?.string, version: value["versionInfo"]?.plainText)
    component.publisher = value["supplier"]?.string.flatMap(Self.agent)
    component.summary = value["summary"]?.string ?? value["description"]?.string
    component.homepage = value["homepage"]?.string.flatMap { Self.isNothing($0) ? nil : $0 }
    component.isSource = value["primaryPackagePurpose"]?.string == "SOURCE"
    component.files = (value["hasFiles"]?.elements ?? []).compactMap { id in
      id.string.flatMap { files[$0] }
    }
    if let file = value["packageFileName"]?.string { component.files.append(file) }
    component.source = value["sourceInfo"]?.string.flatMap(BillSource.init(sourceInfo:))
    // syft: "acquired package info from …: /usr/lib/…/METADATA, /usr/lib/…/RECORD".
    if let info = value["sourceInfo"]?.string, let start = info.firstRange(of: ": ") {
      component.files += info[start.upperBound...].split(separator: ", ").map(String.init)
    }
    return component
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

/// What a bill has.
private struct Bill {
  /// As the bill writes it, and where.
  let time: String?
  let timeName: String
  var packages = BillPackages()
}

/// When bills are of.
private struct BillClock: Sendable {
  let timeZone: TimeZone
  /// For bills that name no time.
  let given: Instant?
}

extension JSONValue {
  /// What fits, itself or within what tools wrap around a document: GitHub's API (`sbom`), statements
  /// of in-toto (`predicate`), BuildKit (`SPDX`).
  fileprivate func unwrapped(where fits: (JSONValue) -> Bool) -> JSONValue? {
    var inner: JSONValue? = self
    // One inside the other is as deep as they go.
    for _ in 0..<3 {
      guard let value = inner else { return nil }
      if fits(value) { return value }
      inner = ["sbom", "predicate", "SPDX", "bom"].lazy.compactMap { value[$0] }.first
    }
    return nil
  }
}

private func billHistory(
  of source: Report.Source, paths: [String], node: NodeID, _ clock: BillClock,
  read: (JSONValue, _ path: String) throws -> Bill
) throws -> ImportedHistory {
  var states = StateHistory(of: source)
  try states.read(paths) { path, states in
    let bill = try read(JSONDocument.value(ofFileAt: path, &states.warnings), path)
    let time = try DocumentTime(
      text: bill.time, name: bill.timeName, path: path, given: clock.given
    ).instant(in: clock.timeZone, &states.warnings)
    states.recordsRead += bill.packages.count
    for (type, items) in bill.packages.content(of: path, warnings: &states.warnings) {
      states.add(
        items, of: type, schemaVersion: type == .application ? "1.1" : "1.0", at: time, place: path)
    }
  }
  return states.history(node: node)
}
