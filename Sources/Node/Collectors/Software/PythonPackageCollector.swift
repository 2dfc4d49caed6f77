public import Inventory

/// The packages of Python, wherever they are installed.
public struct PythonPackageCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:PythonPackage`.
  public var type: TypeName { .pythonPackage }

  /// Bytes of a package's description that are read.
  private static let bytesMax = 4 << 20

  /// One item for each `.dist-info` and `.egg-info`, by path; none where there is no Python.
  ///
  /// Source of the form: "Core metadata specifications" of the Python Packaging Authority.
  public func collect(from machine: Machine) throws -> [Item] {
    let found = machine.softwarePlaces()
    for warning in found.warnings { machine.warn(warning) }
    return found.python.compactMap { path in
      let names = ["\(path)/METADATA", "\(path)/PKG-INFO", path]
      guard let name = names.first(where: { machine.isFile($0) }) else { return nil }
      do {
        let fields = Self.fields(try machine.bytes(of: name, max: Self.bytesMax))
        guard let package = fields["name"], let version = fields["version"] else {
          machine.warn("/\(name) names no package and version")
          return nil
        }
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        var values = ["Name": package, "Version": version, "Path": "/" + folder]
        if let summary = fields["summary"] { values["Summary"] = text(cutTo: 200, summary) }
        values["Installer"] = machine.line(of: "\(path)/INSTALLER")
        values["Python"] = folder.split(separator: "/").last { $0.hasPrefix("python") }.map {
          String($0.dropFirst(6))
        }
        return Item(values.filter { !$0.value.isEmpty }.mapValues { text(cutTo: 4096, $0) })
      } catch {
        machine.warn(String(describing: error))
        return nil
      }
    }
  }

  /// The fields before the first empty line, by their names in lower case.
  private static func fields(_ bytes: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
      if line.isEmpty || line == [0x0d] { break }
      guard let colon = line.firstIndex(of: 0x3a), line.first != 0x20 else { continue }
      let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
      guard ["name", "version", "summary"].contains(name) else { continue }
      fields[name] = String(decoding: line[(colon + 1)...], as: UTF8.self).trimmed
    }
    return fields
  }
}
