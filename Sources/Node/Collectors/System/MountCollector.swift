import Glibc
public import Inventory

/// The file systems that are mounted and hold files.
public struct MountCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:Mount`.
  public var type: TypeName { .mount }

  /// Free space changes all the time.
  public var volatileAttributes: Set<String> { ["FreeBytes"] }

  /// One item for each place, in order of their paths; of several on one place the topmost.
  ///
  /// Throws where `proc/self/mountinfo` cannot be read.
  public func collect(from machine: Machine) throws -> [Item] {
    let lines = String(decoding: try machine.bytes(of: "proc/self/mountinfo"), as: UTF8.self)
    var items: [String: Item] = [:]
    for line in lines.split(whereSeparator: \.isNewline) {
      guard let mount = MountLine(line), !mount.isMadeUp,
        mount.target == "/" || !mount.isOfContainer
      else { continue }
      items[mount.target] = item(mount, machine)
    }
    return items.sorted { $0.key < $1.key }.map(\.value)
  }

  private func item(_ mount: MountLine, _ machine: Machine) -> Item {
    var values = [
      "Name": mount.target, "Source": mount.source, "FileSystem": mount.kind,
      "Options": mount.options,
    ]
    // The size of a network file system is a question to a server that may never answer.
    var size = statvfs()
    if machine.isLive, !mount.isRemote, unsafe statvfs(mount.target, &size) == 0 {
      values["SizeBytes"] = String(UInt64(size.f_blocks) * UInt64(size.f_frsize))
      values["FreeBytes"] = String(UInt64(size.f_bavail) * UInt64(size.f_frsize))
    }
    return Item(values.mapValues { text(cutTo: 4096, $0) })
  }
}
