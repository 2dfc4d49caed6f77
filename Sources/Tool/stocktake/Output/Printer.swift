import Files
import Glibc
import PlainText
import Terminal

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
    usesColour =
      isTerminal && environmentValue("NO_COLOR") == nil && environmentValue("TERM") != "dumb"
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

  /// Adds a heading with what belongs to it, in as many lines as a terminal needs.
  func heading(_ title: String, _ rest: String..., style: Style? = nil) {
    var lines = [(text: "", width: 0)]
    for (index, part) in ([title] + rest).enumerated() {
      for piece in part.withoutControls.wrapped(toWidth: width ?? .max) {
        let styled = styled(piece, index == 0 ? .bold : style)
        let (last, more) = (lines.count - 1, piece.displayWidth)
        if lines[last].width == 0 {
          lines[last] = (styled, more)
        } else if lines[last].width + 2 + more <= width ?? .max {
          lines[last] = (lines[last].text + "  " + styled, lines[last].width + 2 + more)
        } else {
          lines.append((styled, more))
        }
      }
    }
    for one in lines { line(one.text) }
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
