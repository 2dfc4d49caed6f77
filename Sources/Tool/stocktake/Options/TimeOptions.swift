import ArgumentParser
import Inventory
import PlainText
import Terminal
import Times

/// The zone of times, those read and those shown.
struct TimeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The zone of times that name none, and of times in tables: a name, UTC or +02:00.",
      discussion: "Default: the system's. The formats for programs always have UTC.",
      valueName: "zone"),
    completion: .zones)
  var timeZone: String?

  /// The zone that the option names.
  func zone() throws -> Zone {
    guard let timeZone else { return .system }
    guard let zone = Zone(timeZone) else {
      throw CommandFailure(.usage, "--time-zone: \(Zone.refusal(of: timeZone))")
    }
    return zone
  }

  /// Reads the times of one command, all against the same clock.
  func reader() throws -> TimeReader { TimeReader(zone: try zone(), now: .now) }
}

/// Reads times of options, and tells on standard error what they could also have meant.
struct TimeReader {
  let zone: Zone
  let now: Instant

  /// Reads an option's text; nil where the option is not given.
  func read(_ text: String?, _ option: String) throws -> Instant? {
    guard let text else { return nil }
    do {
      let reading = try TimeParser(zone: zone, now: now).parse(text)
      if let note = reading.note { complain("\(option): \(note)") }
      return reading.instant
    } catch {
      throw CommandFailure(.usage, "\(option): \(error)")
    }
  }
}

extension ArgumentHelp {
  /// Help of an option that is a time.
  static func time(_ text: String) -> ArgumentHelp { ArgumentHelp(text, valueName: "time") }
}
