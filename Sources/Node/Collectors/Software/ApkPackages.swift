package import Inventory

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
    guard let path = Self.path(on: machine) else { return [] }
    return try Self.items(in: machine.bytes(of: path)).enumerated().map { index, item in
      guard let item else {
        throw CollectorError(
          "\(machine.path(path)): package number \(index + 1) lacks its name or version")
      }
      return item
    }
  }

  /// The items of a database, in its order; nil for a package without its name or version.
  package static func items(in bytes: [UInt8]) -> [Item?] {
    bytes.withoutReturns.split(separator: 0x0a, omittingEmptySubsequences: false)
      .split { $0.isEmpty }.map { item($0) }
  }

  /// The item of lines that begin with a letter and a colon.
  private static func item(_ lines: ArraySlice<ArraySlice<UInt8>>) -> Item? {
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
    return Item(values)
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
