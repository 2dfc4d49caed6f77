import Files
import Glibc
import Inventory
import Terminal

/// A bar on standard error that tells how far a long command is; nothing where nobody looks.
final class ProgressBar {
  private let isShown: Bool
  private let started = ContinuousClock.now
  private var shown = ContinuousClock.now
  private var hasDrawn = false

  /// A bar that has not been drawn yet.
  init() { isShown = isatty(STDERR_FILENO) == 1 && environmentValue("TERM") != "dumb" }

  /// Seconds since the start.
  var elapsedSeconds: Double { seconds(ContinuousClock.now - started) }

  /// Draws the bar anew, at most ten times a second; `total` nil where the end is not known.
  func update(_ done: Int, of total: Int?, _ text: @autoclosure () -> String) {
    guard isShown else { return }
    let now = ContinuousClock.now
    guard now - shown > .milliseconds(100) else { return }
    shown = now
    var bar = ""
    if let total, total > 0 {
      let part = min(20, done * 20 / total)
      let percent = String(min(100, done * 100 / total))
      bar = "["
      bar += String(repeating: "█", count: part) + String(repeating: "░", count: 20 - part)
      bar += "] " + String(repeating: " ", count: 3 - percent.count) + percent + " %  "
    }
    writeAll(Array("\r\u{1b}[K\(bar)\(text())".utf8)[...], to: STDERR_FILENO)
    hasDrawn = true
  }

  /// Takes the bar away.
  func clear() {
    guard hasDrawn else { return }
    writeAll(Array("\r\u{1b}[K".utf8)[...], to: STDERR_FILENO)
    hasDrawn = false
  }
}

/// A duration in seconds.
func seconds(_ duration: Duration) -> Double {
  let parts = duration.components
  return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
}

/// A size in the largest unit that leaves a number before the point.
func byteText(_ count: Int) -> String {
  var value = Double(count)
  for unit in ["B", "KiB", "MiB", "GiB"] {
    if value < 1024 { return unit == "B" ? "\(count) B" : "\(oneDecimal(value)) \(unit)" }
    value /= 1024
  }
  return "\(oneDecimal(value)) TiB"
}

/// A number with one digit after the point.
func oneDecimal(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
