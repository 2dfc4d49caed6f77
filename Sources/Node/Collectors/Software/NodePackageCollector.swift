public import Inventory
import JSONTape

/// The packages of Node, wherever a `node_modules` holds them.
public struct NodePackageCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:NodePackage`.
  public var type: TypeName { .nodePackage }

  /// Bytes of a package's description that are read.
  private static let bytesMax = 1 << 20

  /// One item for each package, by path; none where there is no Node.
  public func collect(from machine: Machine) throws -> [Item] {
    let found = machine.softwarePlaces()
    for warning in found.warnings { machine.warn(warning) }
    return found.node.compactMap { path in
      do {
        let bytes = try machine.bytes(of: path, max: Self.bytesMax)
        guard let package = try? JSONValue(parsing: bytes),
          let name = package["name"]?.text, let version = package["version"]?.text
        else {
          machine.warn("/\(path) names no package and version")
          return nil
        }
        let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        var values = ["Name": name, "Version": version, "Path": "/" + folder]
        values["License"] = package["license"]?.text.map { text(cutTo: 200, $0) }
        return Item(values.mapValues { text(cutTo: 4096, $0) })
      } catch {
        machine.warn(String(describing: error))
        return nil
      }
    }
  }
}
