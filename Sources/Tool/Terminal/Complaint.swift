import Glibc
import PlainText

/// Writes all bytes; ends the process quietly when nobody reads them.
package func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
  var rest = bytes
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    if count >= 0 {
      rest = rest.dropFirst(count)
    } else if errno == EPIPE {
      // Where SIGPIPE is ignored by our parent; 141 is what a shell reports for the signal.
      exit(141)
    } else if errno != EINTR {
      if descriptor == STDOUT_FILENO {
        let reason = unsafe String(cString: strerror(errno))
        writeAll(Array("\(programName): standard output: \(reason)\n".utf8)[...], to: STDERR_FILENO)
      }
      exit(ExitStatus.badInput.rawValue)
    }
  }
}

/// Says something on standard error: one line that begins with the program's name.
package func complain(_ message: String) {
  let oneLine = message.split(separator: "\n").joined(separator: " ").withoutControls
  writeAll(Array("\(programName): \(oneLine)\n".utf8)[...], to: STDERR_FILENO)
}

/// What this program was called as.
package let programName =
  CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "stocktake"
