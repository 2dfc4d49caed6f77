public import Inventory

/// The modules that the kernel has loaded.
public struct KernelModuleCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:KernelModule`.
  public var type: TypeName { .kernelModule }

  /// How often a module is used changes all the time.
  public var volatileAttributes: Set<String> { ["UseCount"] }

  /// One item for each line of `proc/modules`, by name; none where the kernel takes no modules.
  public func collect(from machine: Machine) throws -> [Item] {
    guard machine.exists("proc/modules") else {
      guard machine.exists("proc/sys/kernel") else {
        throw CollectorError.unavailable("\(machine.path("proc/modules")): there is no such file")
      }
      return []
    }
    let lines = String(decoding: try machine.bytes(of: "proc/modules"), as: UTF8.self)
    let items: [Item] = lines.split(whereSeparator: \.isNewline).compactMap { line in
      // Name, bytes, uses, modules that use it (each with a comma behind it), state, address.
      let words = line.split(separator: " ").map(String.init)
      guard words.count >= 5 else { return nil }
      var values = ["Name": words[0], "Size": words[1], "UseCount": words[2], "State": words[4]]
      let users = words[3].split(separator: ",").filter { $0 != "-" }.sorted()
      if !users.isEmpty { values["UsedBy"] = text(cutTo: 4096, users.joined(separator: ",")) }
      values["Version"] = machine.line(of: "sys/module/\(words[0])/version")
      return Item(values)
    }
    return items.sorted { ($0["Name"] ?? "") < ($1["Name"] ?? "") }
  }
}
