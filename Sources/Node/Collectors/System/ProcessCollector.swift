import Glibc
public import Inventory

/// The processes that run, without threads of the kernel.
///
/// Not on by default: on most machines some process begins or ends between any two looks.
public struct ProcessCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:Process`.
  public var type: TypeName { .process }

  /// No.
  public var isDefault: Bool { false }

  /// One item for each process, by its number; throws where `proc` cannot be read.
  ///
  /// Command lines are redacted; see ``Redaction``.
  public func collect(from machine: Machine) throws -> [Item] {
    let accounts = try? machine.accounts()
    let boot = try bootSeconds(machine)
    let ticks = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    return try ProcessTable.all(on: machine).filter { !$0.isKernelThread }.map { process in
      let started = Instant(seconds: boot + Int64(process.startTicks / ticks))
      var values = [
        "UsageId": String(process.id), "StartTime": started.description,
        "User": accounts?.userName(process.user) ?? String(process.user),
        "FileName": process.name,
      ]
      if let path = machine.link(at: "proc/\(process.id)/exe") {
        values["FileName"] = text(cutTo: 4096, path)
        let end = path.lastIndex(of: "/") ?? path.startIndex
        values["InstalledDir"] = text(cutTo: 4096, String(path[..<end]))
      }
      let words = arguments(of: process.id, machine)
      if !words.isEmpty { values["CommandLine"] = text(cutTo: 4096, Redaction.line(words)) }
      return Item(values)
    }
  }

  private func arguments(of id: Int, _ machine: Machine) -> [String] {
    guard let bytes = try? machine.bytes(of: "proc/\(id)/cmdline", max: 1 << 21) else { return [] }
    return bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private func bootSeconds(_ machine: Machine) throws -> Int64 {
    let lines = String(decoding: try machine.bytes(of: "proc/stat"), as: UTF8.self)
    let line = lines.split(whereSeparator: \.isNewline).first { $0.hasPrefix("btime ") }
    guard let seconds = line.flatMap({ Int64($0.dropFirst(6).trimmed) }) else {
      throw CollectorError("\(machine.path("proc/stat")) has no line btime")
    }
    return seconds
  }
}
