package import Foundation
package import Inventory

/// A time zone: a name of the tz database, or a fixed offset from UTC.
package struct Zone: Sendable {
  /// The name as people know it: `Europe/Berlin`, `UTC`, `+02:00`.
  package let name: String
  private let rules: Rules

  private enum Rules: Sendable {
    case fixed(Int)
    case named(TimeZone)
  }

  /// Coordinated Universal Time.
  package static let utc = Zone(name: "UTC", rules: .fixed(0))

  /// The zone of the system, which `TZ` may set.
  package static var system: Zone {
    let zone = TimeZone.current
    if zone.identifier == "GMT" || zone.identifier == "UTC" || zone.identifier == "Etc/UTC" {
      return .utc
    }
    return Zone(name: zone.identifier, rules: .named(zone))
  }

  private init(name: String, rules: Rules) {
    self.name = name
    self.rules = rules
  }

  /// Takes `UTC`, `Z`, `+02:00`, `-0530`, `+2` or a name of the system's tz database; nil for anything else.
  package init?(_ text: String) {
    let upper = text.uppercased()
    if ["UTC", "Z", "GMT", "ETC/UTC"].contains(upper) {
      self = .utc
    } else if text.hasPrefix("+") || text.hasPrefix("-") {
      guard let offset = Zone.offset(text) else { return nil }
      self.init(name: Zone.text(ofOffset: offset), rules: .fixed(offset))
    } else {
      guard let zone = Self.rules(of: text) else { return nil }
      self.init(name: text, rules: .named(zone))
    }
  }

  /// Reads `+02:00`, `+0200` or `+02` as seconds east of UTC; nil for any other text.
  package static func offset(_ text: String) -> Int? {
    var digits: [Int] = []
    var colonAt: Int?
    for byte in text.utf8.dropFirst() {
      if byte == UInt8(ascii: ":"), colonAt == nil {
        colonAt = digits.count
      } else if (48...57).contains(byte) {
        digits.append(Int(byte) - 48)
      } else {
        return nil
      }
    }
    if let colonAt, colonAt != 2 || digits.count != 4 { return nil }
    let hours: Int
    var minutes = 0
    switch digits.count {
    case 1: hours = digits[0]
    case 2: hours = digits[0] * 10 + digits[1]
    case 4:
      hours = digits[0] * 10 + digits[1]
      minutes = digits[2] * 10 + digits[3]
    default: return nil
    }
    guard hours <= 18, minutes <= 59 else { return nil }
    let seconds = hours * 3600 + minutes * 60
    return text.hasPrefix("-") ? -seconds : seconds
  }

  /// Seconds east of UTC at an instant.
  package func offset(at instant: Instant) -> Int {
    switch rules {
    case .fixed(let seconds): seconds
    case .named(let zone):
      zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(instant.seconds)))
    }
  }

  /// The clock on the wall at an instant.
  package func civil(_ instant: Instant) -> CivilTime {
    CivilTime(instant.advanced(bySeconds: Int64(offset(at: instant))))
  }

  /// The zone in Foundation's words.
  package var foundationZone: TimeZone {
    switch rules {
    case .fixed(let seconds): TimeZone(secondsFromGMT: seconds) ?? .gmt
    case .named(let zone): zone
    }
  }

  /// `2026-03-03 09:00:00 +01:00`, with milliseconds only where there are some.
  package func text(_ instant: Instant) -> String {
    let offset = offset(at: instant)
    var clock = Instant(milliseconds: instant.milliseconds + Int64(offset) * 1000).description
    clock.removeLast()
    let spaced = clock.replacing("T", with: " ", maxReplacements: 1)
    return spaced + " " + (name == "UTC" ? "UTC" : Zone.text(ofOffset: offset))
  }

  /// The name with the offset at an instant: `Europe/Berlin (+01:00)`.
  package func label(at instant: Instant) -> String {
    switch rules {
    case .fixed: name
    case .named: "\(name) (\(Zone.text(ofOffset: offset(at: instant))))"
    }
  }

  private static func text(ofOffset seconds: Int) -> String {
    let minutes = abs(seconds) / 60
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return (seconds < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
  }
}
