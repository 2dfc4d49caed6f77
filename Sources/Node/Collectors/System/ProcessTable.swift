import Glibc

/// The processes in `proc`.
struct ProcessTable {
  /// Processes that are looked at.
  static let processesMax = 20_000

  struct Process {
    let id: Int
    /// The real user.
    let user: UInt32
    /// The name in parentheses of `stat`.
    let name: String
    /// Clock ticks after the boot.
    let startTicks: UInt64
    let isKernelThread: Bool
    /// Whether it has a number of its own in a space of processes within this one, as in a container.
    let isInContainer: Bool
  }

  /// Every process that is there long enough to be read, by its number.
  ///
  /// Throws where `proc` cannot be read.
  static func all(on machine: Machine) throws(CollectorError) -> [Process] {
    let ids = try machine.names(in: "proc").compactMap { Int($0) }.sorted()
    if ids.count > processesMax {
      machine.warn("of \(ids.count) processes the first \(processesMax) are looked at")
    }
    return ids.prefix(processesMax).compactMap { process($0, on: machine) }
  }

  private static func process(_ id: Int, on machine: Machine) -> Process? {
    // The name may hold blanks and parentheses; the last parenthesis ends it.
    guard let text = machine.text(of: "proc/\(id)/stat"), let open = text.firstIndex(of: "("),
      let close = text.lastIndex(of: ")"), open < close
    else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    // proc(5): the state is field 3, flags are 9, the start is 22.
    guard fields.count >= 20, let flags = UInt64(fields[6]), let start = UInt64(fields[19]) else {
      return nil
    }
    let status = machine.text(of: "proc/\(id)/status") ?? ""
    func words(_ name: String) -> ArraySlice<Substring> {
      status.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name) }
        .map { line in line.split(whereSeparator: \.isWhitespace).dropFirst() } ?? []
    }
    let user = words("Uid:").first
    return Process(
      id: id, user: user.flatMap { UInt32($0) } ?? 0,
      name: String(text[text.index(after: open)..<close]), startTicks: start,
      isKernelThread: flags & 0x0020_0000 != 0, isInContainer: words("NSpid:").count > 1)
  }
}
