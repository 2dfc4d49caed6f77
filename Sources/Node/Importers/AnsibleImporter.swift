import Collectors
public import Foundation
public import Inventory
import JSONTape

/// Reads what Ansible's `package_facts` found, as JSON.
///
/// These can be a file that `ansible --tree` wrote, one of the cache `jsonfile`, the output of a run
/// or of the callback `json`, or the variable `ansible_facts.packages` itself. Each is a full state
/// of `AWS:Application`, at `ansible_date_time` where it was gathered too, or at the end of the task.
public struct AnsibleImporter: Sendable {
  /// The host of which is read; nil where there is only one.
  public let host: String?
  /// The time zone of times that name none.
  public let timeZone: TimeZone
  /// The valid time of facts that name none; nil for when the file was last written.
  public let time: Instant?

  /// Takes the host, the time zone and the valid time, as far as the files do not name them.
  public init(host: String? = nil, timeZone: TimeZone = .current, at time: Instant? = nil) {
    self.host = host
    self.timeZone = timeZone
    self.time = time
  }

  /// Reads files, plain or packed, given in any order.
  ///
  /// A file that cannot be read, has no facts of packages or one that is no package is one of the
  /// ``ImportedHistory/failures``, or a ``CollectorError`` that names it where it is the only one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    var states = StateHistory(of: .ansible)
    try states.read(paths) { path, states in
      let document = try Self.document(ofFileAt: path, &states.warnings)
      let facts = try PackageFacts.chosen(of: Self.facts(in: document), host: host, path: path)
      for found in facts {
        let list = try Self.list(found.value, path: path)
        let time = try DocumentTime(
          text: found.time, name: found.timeName, path: path, given: self.time
        ).instant(in: timeZone, &states.warnings)
        states.recordsRead += list.count
        for (type, items) in list.packages.content {
          states.add(items, of: type, schemaVersion: "1.1", at: time, place: path)
        }
      }
    }
    return states.history(node: node)
  }

  /// The document of a file, without the `web-1 | SUCCESS => ` that a run writes before it.
  private static func document(
    ofFileAt path: String, _ warnings: inout Warnings
  ) throws(CollectorError) -> JSONValue {
    let packed = try CompressedFile.bytes(ofFileAt: path, atMost: ImportLimits.documentBytes)
    var bytes = ByteOrderMark.removed(from: packed)[...]
    let head = bytes.prefix(1024).prefix { $0 != UInt8(ascii: "{") && $0 != 0x0a }
    if String(decoding: head, as: UTF8.self).hasSuffix(" => ") {
      bytes = bytes.dropFirst(head.count)
    }
    return try JSONDocument.value(of: bytes, path: path, &warnings)
  }

  /// The facts of packages, wherever they stand.
  private static func facts(in document: JSONValue) -> [PackageFacts] {
    if let plays = document["plays"]?.elements { return plays.flatMap(facts(ofPlay:)) }
    let facts = document["ansible_facts"] ?? document
    if let packages = facts["packages"] ?? facts["ansible_packages"] {
      return [PackageFacts(value: packages, clock: facts)]
    }
    // The variable itself: lists of packages by their names.
    let members = document.members ?? []
    let isVariable = members.allSatisfy { member in
      member.value.elements?.allSatisfy { $0["name"] != nil && $0["version"] != nil } ?? false
    }
    return isVariable && !members.isEmpty ? [PackageFacts(value: document, clock: nil)] : []
  }

  private static func facts(ofPlay play: JSONValue) -> [PackageFacts] {
    (play["tasks"]?.elements ?? []).flatMap { task in
      (task["hosts"]?.members ?? []).compactMap { host in
        guard let facts = host.value["ansible_facts"], let packages = facts["packages"] else {
          return nil
        }
        var found = PackageFacts(value: packages, clock: facts)
        found.host = host.name
        if found.time == nil, let end = task["task"]?["duration"]?["end"]?.string {
          (found.time, found.timeName) = (end, "duration.end")
        }
        return found
      }
    }
  }

  /// All packages; throws where one lacks its name or version, because it would count as removed.
  private static func list(
    _ packages: JSONValue, path: String
  ) throws(CollectorError) -> (packages: PackageList, count: Int) {
    var list = PackageList()
    var count = 0
    for member in packages.members ?? [] {
      for value in member.value.elements ?? [member.value] {
        count += 1
        guard let package = package(value) else {
          throw CollectorError(
            "\(path): \(member.name.printable) has no name and version as package_facts gives them;"
              + " it gives no observation")
        }
        list.add(package)
      }
    }
    return (list, count)
  }

  private static func package(_ value: JSONValue) -> ForeignPackage? {
    guard let name = value["name"]?.string, !name.isEmpty,
      let version = value["version"]?.plainText
    else { return nil }
    let manager = value["source"]?.string ?? ""
    var package = ForeignPackage(
      PackageKind(ansibleManager: manager), name: name, version: version)
    package.architecture = value["arch"]?.string ?? ""
    package.epoch = value["epoch"]?.plainText
    package.section = value["category"]?.string
    switch package.kind {
    case .debian:
      // Those of other architectures than the machine's own have it at the end of their names.
      if let colon = name.lastIndex(of: ":") { package.name = String(name[..<colon]) }
    case .rpm:
      package.release = value["release"]?.plainText
      package.section = nil
    case .apk:
      if let release = value["release"]?.string, !release.isEmpty {
        package.version += "-" + release
      }
    default: if manager == "pkg" { Self.rejoin(&package, value) }
    }
    return package
  }

  /// Versions of FreeBSD, `1.2_3,4`, which Ansible takes apart.
  private static func rejoin(_ package: inout ForeignPackage, _ value: JSONValue) {
    if let revision = value["revision"]?.plainText, revision != "0" {
      package.version += "_" + revision
    }
    if let epoch = value["port_epoch"]?.plainText, epoch != "0" { package.version += "," + epoch }
    package.section = nil
  }
}

/// Facts of the packages of one host.
struct PackageFacts {
  /// The packages, in a form of their source.
  var value: JSONValue
  /// The host, where the source names it.
  var host: String?
  /// The time as the source writes it, and what it calls it.
  var time: String?
  var timeName = "time"

  init(value: JSONValue) { self.value = value }

  /// Takes packages, with the time among the facts that were gathered with them.
  init(value: JSONValue, clock: JSONValue?) {
    self.value = value
    let clock = clock?["ansible_date_time"] ?? clock?["date_time"]
    time = clock?["iso8601"]?.string
    timeName = "ansible_date_time.iso8601"
  }

  /// Those of one host; throws what names the file where there are none, or of several.
  static func chosen(
    of all: [PackageFacts], host: String?, path: String
  ) throws(CollectorError) -> [PackageFacts] {
    guard !all.isEmpty else { throw CollectorError("\(path) has no facts of packages") }
    if let host {
      let found = all.filter { $0.host == nil || $0.host == host }
      guard !found.isEmpty else {
        throw CollectorError("\(path) has no facts of the packages of \(host.printable)")
      }
      return found
    }
    let hosts = Set(all.compactMap(\.host)).sorted()
    guard hosts.count <= 1 else {
      throw CollectorError(
        "\(path) is of several hosts; say which: \(hosts.prefix(20).joined(separator: ", "))"
          + (hosts.count > 20 ? ", …" : ""))
    }
    return all
  }
}
