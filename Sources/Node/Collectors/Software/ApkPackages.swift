package import Inventory
import Packages

/// The packages that apk has installed, read from its own file.
package struct ApkPackages: PackageSource {
  /// Where the database lies; since apk 3 below `usr`.
  static let paths = ["lib/apk/db/installed", "usr/lib/apk/db/installed"]

  /// Whether apk's files are on a machine.
  package func isThere(on machine: Machine) -> Bool { Self.path(on: machine) != nil }

  private static func path(on machine: Machine) -> String? {
    paths.first { machine.exists($0) }
  }

  /// What is installed, by apk's files.
  package func packages(on machine: Machine) throws -> [Item] {
    try machine.apkPackages().map(\.item)
  }

  /// The sources of what is installed, which Alpine calls origins.
  package func sources(on machine: Machine) throws -> [Item]? {
    try machine.apkPackages().compactMap(\.sourceItem)
  }

  /// What is installed, without looking whether it was read before.
  static func read(on machine: Machine) throws(CollectorError) -> [ApkPackage] {
    guard let path = path(on: machine) else { return [] }
    var packages: [ApkPackage] = []
    for package in all(in: try machine.bytes(of: path)) {
      guard let package else {
        throw CollectorError(
          "\(machine.path(path)): package number \(packages.count + 1) lacks its name or version")
      }
      packages.append(package)
    }
    return packages
  }

  /// The packages of a database, in its order; nil for one without its name or version.
  package static func all(in bytes: [UInt8]) -> [ApkPackage?] {
    bytes.withoutReturns.split(separator: 0x0a, omittingEmptySubsequences: false)
      .split { $0.isEmpty }.map { package($0) }
  }

  /// The package of lines that begin with a letter and a colon.
  private static func package(_ lines: ArraySlice<ArraySlice<UInt8>>) -> ApkPackage? {
    var fields: [UInt8: String] = [:]
    for line in lines where line.count > 2 && line[line.startIndex + 1] == 0x3a {
      // The packages' own files come last and repeat their letters.
      guard let letter = line.first, fields[letter] == nil else { continue }
      fields[letter] = AgentForm.field(String(decoding: line.dropFirst(2), as: UTF8.self))
    }
    guard let name = fields[UInt8(ascii: "P")], let version = fields[UInt8(ascii: "V")] else {
      return nil
    }
    var values = ["Name": name, "Version": version]
    values["Architecture"] = AgentForm.architecture(fields[UInt8(ascii: "A")] ?? "")
    values["Publisher"] = fields[UInt8(ascii: "m")] ?? ""
    values["Summary"] = fields[UInt8(ascii: "T")]
    values["URL"] = fields[UInt8(ascii: "U")]
    return ApkPackage(item: Item(values), origin: fields[UInt8(ascii: "o")])
  }
}

/// A package as apk's database has it.
package struct ApkPackage: Hashable, Sendable {
  /// The item of `AWS:Application`.
  package let item: Item
  /// The source that it was built from; nil where the database does not say.
  package let origin: String?

  /// The item of its source, whose version is that of all its packages; nil where it is not known.
  package var sourceItem: Item? {
    origin.map { item.withSource(SourcePackage(name: $0, version: item["Version"] ?? "")) }
  }
}

extension [UInt8] {
  /// A text without the carriage returns that Windows has before the ends of its lines, if the first
  /// line has one.
  package var withoutReturns: [UInt8] {
    guard let end = firstIndex(of: 0x0a), end > 0, self[end - 1] == 0x0d else { return self }
    var text: [UInt8] = []
    text.reserveCapacity(count)
    for byte in self {
      if byte == 0x0a, text.last == 0x0d { text.removeLast() }
      text.append(byte)
    }
    return text
  }
}
