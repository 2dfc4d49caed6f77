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

  /// What makes a document of a file's bytes.
  var parse: @Sendable ([UInt8]) throws -> CustomDocument = { try CustomDocument(parsing: $0) }

  /// Makes the agent's folder and our own.
  public init() {}

  /// What each file has, in order of folders and paths.
  ///
  /// A folder that takes longer than `secondsMax` is a failure of its own.
  func collect(from machine: Machine, secondsMax: Double) async -> [Collected] {
    var found: [Collected] = []
    var left = 0
    for folder in folders {
      do {
        let room = max(0, filesMax - found.count)
        let looked = try await onOwnThread(secondsMax: secondsMax) {
          documents(in: folder, atMost: room, machine)
        }
        found += looked.found
        left += looked.left
      } catch {
        var failed = Collected(source: "/" + folder, type: nil)
        failed.failure = String(describing: error)
        found.append(failed)
      }
    }
    if left > 0, !found.isEmpty {
      found[found.count - 1].warnings.append(
        "\(left) more files are not read: \(filesMax) is the most")
    }
    return found
  }

  private func documents(
    in folder: String, atMost room: Int, _ machine: Machine
  ) -> (found: [Collected], left: Int) {
    let paths = machine.expand(folder).flatMap { directory in
      ((try? machine.names(in: directory)) ?? []).filter { $0.hasSuffix(".json") }
        .map { "\(directory)/\($0)" }
    }
    return (paths.prefix(room).map { read($0, machine) }, max(0, paths.count - room))
  }

  private func read(_ path: String, _ machine: Machine) -> Collected {
    var found = Collected(source: "/" + path, type: nil)
    do {
      let bytes = try machine.bytes(of: path, max: bytesMax)
      found.take(try parse(bytes))
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
