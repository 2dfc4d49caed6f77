public import Inventory

/// The groups of `etc/group`.
public struct GroupCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:Group`.
  public var type: TypeName { .group }

  /// One item for each group; throws where `etc/passwd` cannot be read.
  public func collect(from machine: Machine) throws -> [Item] {
    try machine.accounts().groups.map { group in
      let members = group.members.sorted().joined(separator: ",")
      return [
        "Name": group.name, "Gid": String(group.id), "Members": text(cutTo: 4096, members),
      ]
    }
  }
}
