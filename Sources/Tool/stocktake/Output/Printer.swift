import PlainText
import Glibc

/// The colours a terminal can be asked for.
enum Style: String, Sendable {
  case bold = "1"
  case faint = "2"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case cyan = "36"
}

/// Standard output, buffered, and what it is connected to.
final class Printer {
  /// Whether people are looking.
  let isTerminal: Bool
  /// Whether colours may be used: on a terminal, unless `NO_COLOR` is set.
  let usesColour: Bool
  /// Columns, where it is a terminal.
  let width: Int?
  private let descriptor: Int32
  private var buffer: [UInt8] = []

  /// Connects to a file descriptor, by default that of standard output.
  init(descriptor: Int32 = STDOUT_FILENO) {
    self.descriptor = descriptor
    isTerminal = isatty(descriptor) == 1
    usesColour = isTerminal && !isSet("NO_COLOR") && environmentValue("TERM") != "dumb"
    var size = winsize()
    let isKnown = unsafe isTerminal && ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
    width = isKnown && size.ws_col > 0 ? Int(size.ws_col) : nil
  }

  /// Adds bytes, and passes them on now and then.
  func write(_ bytes: some Sequence<UInt8>) {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { flush() }
  }

  /// Adds a text.
  func write(_ text: String) { write(text.utf8) }

  /// Adds a line.
  func line(_ text: String = "") {
    write(text.utf8)
    write(CollectionOfOne(UInt8(ascii: "\n")))
  }

  /// A text in a colour, where colours may be used.
  func styled(_ text: String, _ style: Style?) -> String {
    guard usesColour, let style else { return text }
    return "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m"
  }

  /// Passes everything on; ends the process quietly when nobody reads any more.
  func flush() {
    writeAll(buffer[...], to: descriptor)
    buffer.removeAll(keepingCapacity: true)
  }

  deinit { flush() }
}

/// Writes all bytes; ends the process quietly when nobody reads them.
func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) {
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
        writeAll(Array("stocktake: standard output: \(reason)\n".utf8)[...], to: STDERR_FILENO)
      }
      exit(ExitStatus.badInput.rawValue)
    }
  }
}

/// Says something on standard error: one line that begins with the program's name.
func complain(_ message: String) {
  let oneLine = message.split(separator: "\n").joined(separator: " ").withoutControls
  writeAll(Array("stocktake: \(oneLine)\n".utf8)[...], to: STDERR_FILENO)
}

/// A variable of the environment; nil where it is unset or empty.
func environmentValue(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  let text = unsafe String(cString: value)
  return text.isEmpty ? nil : text
}

/// Whether a variable of the environment is there and not empty.
func isSet(_ name: String) -> Bool { environmentValue(name) != nil }
