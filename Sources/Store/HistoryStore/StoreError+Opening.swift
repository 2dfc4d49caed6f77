import Files
import Glibc
import LMDB

extension StoreError {
  /// Names what opening a file met, with the figures that help.
  init(opening file: String, _ error: LMDBError) {
    self.init(error)
    switch error {
    case .cutOff:
      guard let extent = Environment.extent(ofFile: file) else { return }
      message =
        "the file is cut off: it has \(extent.byteCount) bytes, and its pages reach to "
        + "\(extent.reach); restore a backup"
    case .lockHeld:
      guard let process = Environment.holder(ofFile: file) else { return }
      message = "\(ProcessName(process)) holds the store's lock file, and opens nothing: end it"
    case .lockUnavailable:
      guard let process = Environment.holder(ofFile: file) else { return }
      message =
        "\(ProcessName(process)) has the store open, and \(file)-lock may not be written here: get "
        + "permission to write it, or ask the server"
    default: break
    }
  }

  /// Names a table of readers that is full, and who is in it.
  init(readersFullIn environment: Environment) {
    self.init(.readersFull, "all places for readers are taken", cause: .readersFull)
    guard let readers = try? environment.readers() else { return }
    let counts = Dictionary(grouping: readers, by: \.processID).mapValues(\.count)
    let most = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(3)
    let names = most.map { "\(ProcessName(Int($0.key))) has \($0.value)" }.joined(separator: ", ")
    message =
      "all \(environment.information.maxReaders) places for readers are taken by processes that "
      + "live: \(names); end one that hangs, or ask the server instead of the store"
  }
}

/// A process for people: its number, and its program where the system tells.
package struct ProcessName: Sendable, Hashable, CustomStringConvertible {
  package let id: Int
  /// The program's name, at most 15 bytes; nil where the process is in another name space or gone.
  package let program: String?
  /// Whether it was stopped by a signal or a debugger.
  package let isStopped: Bool

  /// Looks the process up; the answer may be another process's, where numbers are those of a container.
  package init(_ id: Int) {
    self.id = id
    // pid (name) state …; the name may have blanks and parentheses.
    let bytes = (try? Files.read("/proc/\(id)/stat", bytesMax: 4096)) ?? []
    guard let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
    else {
      program = nil
      isStopped = false
      return
    }
    program = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
    let state = bytes.dropFirst(close - bytes.startIndex + 2).first
    isStopped = state == UInt8(ascii: "T") || state == UInt8(ascii: "t")
  }

  package var description: String {
    guard let program else { return "process \(id)" }
    return "process \(id) (\(program)\(isStopped ? ", stopped" : ""))"
  }
}
