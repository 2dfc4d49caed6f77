public import Inventory

/// The processor and the kernel.
public struct InstanceDetailedInformationCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:InstanceDetailedInformation`.
  public var type: TypeName { .instanceDetailedInformation }

  /// `1.0`.
  public var schemaVersion: String { "1.0" }

  /// One item, all values text, empty where unknown; throws where `proc/cpuinfo` cannot be read.
  public func collect(from machine: Machine) throws -> [Item] {
    let processors = Self.processors(in: try machine.bytes(of: "proc/cpuinfo"))
    let model = processors.lazy.compactMap { $0["model name"] ?? $0["cpu model"] }.first
    let topology = Topology(of: machine, processors: processors)
    let count = presentCount(on: machine) ?? processors.count
    var item: Item = [
      "CPUModel": model ?? "",
      "CPUs": count > 0 ? String(count) : "",
      "CPUCores": topology.map { String($0.cores) } ?? "",
      "CPUSockets": topology.map { String($0.sockets) } ?? "",
      "CPUHyperThreadEnabled": topology.map { String($0.threads > $0.cores) } ?? "",
      "CPUSpeedMHz": speed(model: model, on: machine),
      "KernelVersion": machine.line(of: "proc/sys/kernel/osrelease") ?? "",
      "OSServicePack": "",
    ]
    // Beyond what the agent tells.
    item["Virtualization"] = Virtualization.name(on: machine)
    item["Manufacturer"] = machine.line(of: "sys/class/dmi/id/sys_vendor")
    item["Model"] = machine.line(of: "sys/class/dmi/id/product_name")
    return [item]
  }

  /// The stanzas of `proc/cpuinfo` that describe a processor.
  private static func processors(in bytes: [UInt8]) -> [[String: String]] {
    var processors: [[String: String]] = []
    var fields: [String: String] = [:]
    let text = String(decoding: bytes, as: UTF8.self)
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      if let colon = line.firstIndex(of: ":") {
        fields[line[..<colon].trimmed] = line[line.index(after: colon)...].trimmed
      } else if line.trimmed.isEmpty {
        if fields["processor"] != nil { processors.append(fields) }
        fields = [:]
      }
    }
    if fields["processor"] != nil { processors.append(fields) }
    return processors
  }

  /// How many processors the machine has, switched off ones included, as `lscpu` counts them.
  private func presentCount(on machine: Machine) -> Int? {
    guard let text = machine.line(of: "sys/devices/system/cpu/present") else { return nil }
    var count = 0
    for range in text.split(separator: ",") {
      let ends = range.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last else { return nil }
      count += last - first + 1
    }
    return count
  }

  /// The speed the processor is sold with, or its highest; what it runs at now is noise.
  private func speed(model: String?, on machine: Machine) -> String {
    if let model, let at = model.lastIndex(of: "@") {
      let text = model[model.index(after: at)...].trimmed
      if text.hasSuffix("GHz"), let speed = Double(text.dropLast(3).trimmed), speed > 0,
        speed < 1000
      {
        return String(Int((speed * 1000).rounded()))
      }
    }
    let frequency = machine.line(of: "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    return frequency.flatMap { Int($0) }.map { String($0 / 1000) } ?? ""
  }
}

/// How many sockets, cores and threads are switched on.
private struct Topology {
  let sockets: Int
  let cores: Int
  let threads: Int

  /// From sysfs, else from `proc/cpuinfo`; nil where neither tells.
  init?(of machine: Machine, processors: [[String: String]]) {
    // Sets of processors tell more surely than ids, which are -1 on some virtual machines.
    var packages: Set<String> = []
    var cores: Set<String> = []
    var threads = 0
    for number in processors.compactMap({ $0["processor"] }) {
      let directory = "sys/devices/system/cpu/cpu\(number)/topology/"
      guard
        let package = machine.line(of: directory + "package_cpus_list")
          ?? machine.line(of: directory + "core_siblings_list"),
        let core = machine.line(of: directory + "core_cpus_list")
          ?? machine.line(of: directory + "thread_siblings_list")
      else { continue }
      packages.insert(package)
      cores.insert(core)
      threads += 1
    }
    if threads == 0 {
      for processor in processors {
        guard let package = processor["physical id"], let core = processor["core id"] else {
          continue
        }
        packages.insert(package)
        cores.insert("\(package):\(core)")
        threads += 1
      }
    }
    guard threads > 0 else { return nil }
    sockets = packages.count
    self.cores = cores.count
    self.threads = threads
  }
}
