import CLMDB
import Glibc

/// A place in the reader table that is taken.
public struct Reader: Sendable, Hashable {
  /// The process, as it numbers itself.
  public let processID: Int32

  /// The thread that took the place: told apart, and no more.
  public let thread: UInt

  /// The number of the snapshot that it reads; nil between two transactions.
  public let snapshot: Int?
}

extension Environment {
  /// Everybody who reads now, in all processes; none where there is no lock file.
  ///
  /// Calls `mdb_reader_list`.
  public func readers() throws(LMDBError) -> [Reader] {
    var text = ""
    let code = unsafe withUnsafeMutablePointer(to: &text) { text in
      unsafe mdb_reader_list(
        handle,
        { line, context in
          guard let line = unsafe line else { return 0 }
          unsafe context?.assumingMemoryBound(to: String.self).pointee += String(cString: line)
          return 0
        }, text)
    }
    // LMDB returns what the last call of the closure did.
    guard code >= 0 else { throw LMDBError(rawValue: code) }
    return text.split(separator: "\n").compactMap { Reader(line: $0) }
  }
}

extension Reader {
  /// Reads `pid thread transaction`, as LMDB writes it: decimal, hexadecimal, decimal or a dash.
  init?(line: Substring) {
    let parts = line.split(separator: " ")
    guard parts.count == 3, let process = Int32(parts[0]), let thread = UInt(parts[1], radix: 16)
    else { return nil }
    self.init(processID: process, thread: thread, snapshot: Int(parts[2]))
  }
}
