import Inventory

/// Documents of custom types that others put into a folder, as for the agent of Systems Manager.
///
/// Source of the form and of the agent's folder: "Working with custom inventory" in its user guide. The
/// agent refuses a folder of more than 20 files; here ``filesMax`` are read and a warning tells of the
/// rest.
public struct CustomFiles: Sendable {
  /// Where documents lie, below the machine's root; a `*` stands for any one name.
  public var folders = ["var/lib/amazon/ssm/*/inventory/custom", "etc/stocktake/custom"]
  /// Files that are read in all.
  public var filesMax = 200
  /// Bytes that a file may have.
  public var bytesMax = 1 << 20

  /// Makes the agent's folder and our own.
  public init() {}

  /// What each file has, in order of their paths.
  func collect(from machine: Machine) -> [Collected] {
    var paths = folders.flatMap { folder in
      machine.expand(folder).flatMap { directory in
        ((try? machine.names(in: directory)) ?? []).filter { $0.hasSuffix(".json") }
          .map { "\(directory)/\($0)" }
      }
    }
    let left = paths.count - filesMax
    paths = Array(paths.prefix(filesMax))
    var found = paths.map { path in read(path, machine) }
    if left > 0, !found.isEmpty {
      found[found.count - 1].warnings.append(
        "\(left) more files are not read: \(filesMax) is the most")
    }
    return found
  }

  private func read(_ path: String, _ machine: Machine) -> Collected {
    var found = Collected(source: "/" + path, type: nil)
    do {
      let bytes = try machine.bytes(of: path, max: bytesMax)
      found.take(try CustomDocument(parsing: bytes))
    } catch {
      found.failure = String(describing: error)
    }
    return found
  }
}

extension Collected {
  /// Takes what a document says.
  mutating func take(_ document: CustomDocument) {
    type = document.type
    schemaVersion = document.schemaVersion
    items = document.items
    steady = document.items
  }
}
