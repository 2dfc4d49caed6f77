import Times
import Inventory

@testable import Importers
@testable import Schedules

// Times and schedules as people, programs and the service write them.

extension Decoder {
  static let times: Decoder = {
    let now = Instant(seconds: 1_772_528_400)
    @Sendable func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    return Decoder(
      "times",
      [
        Part("of people") { _ = try TimeParser(zone: .utc, now: now).parse(text($0)) },
        Part("of people in Berlin") { bytes in
          guard let zone = Zone("Europe/Berlin") else { return }
          _ = try TimeParser(zone: zone, now: now).parse(text(bytes))
        },
        Part("zone") { bytes in
          guard let zone = Zone(text(bytes)) else { return }
          _ = try TimeParser(zone: zone, now: now).parse("2026-03-29 02:30")
        },
        Part("schedule") { bytes in
          guard let schedule = Schedule(text(bytes)) else { return }
          let next = schedule.next(after: now)
          hold(next.map { $0 > now } ?? true, "a schedule goes back")
        },
        Part("of a report") { bytes in
          guard let instant = Instant(captureTime: bytes.span.bytes) else { return }
          hold(
            instant.description == text(bytes), "a capture time is written otherwise than read")
        },
        Part("of a log") { bytes in
          guard let found = TextTime.read(bytes[...]) else { return }
          hold(found.byteCount <= bytes.count, "a time is longer than its text")
        },
        Part("of a document") { _ = TextTime.instant(text($0)) },
      ])
  }()
}
