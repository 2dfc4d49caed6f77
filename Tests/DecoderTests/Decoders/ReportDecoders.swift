import Digests
import PackedBytes
import Synchronization

@testable import Collectors
@testable import Inventory
@testable import JSONTape

// What clients and agents send: a report, and any other JSON.

/// A reader that knows items and one that does not, which must agree about every body.
private final class TwoReaders: Sendable {
  private struct State {
    let hash = KeyedHash()
    let plain: ReportReader
    let knowing: ReportReader
    let known: KnownItems
    var last: BodyFingerprint?

    init() {
      plain = ReportReader(limits: .default, hash: hash)
      knowing = ReportReader(limits: .default, hash: hash)
      known = KnownItems(hash: hash)
    }
  }

  static let shared = TwoReaders()
  private let state = Mutex(State())
  private static let now = Instant(seconds: 1_772_528_400)

  func read(_ bytes: [UInt8]) throws {
    try state.withLock { state in
      state.known.removeAll()
      if let last = state.last { _ = last.compare(bytes.span.bytes, hash: state.hash) }
      let node = BodyFingerprint.node(of: bytes.span.bytes)
      let report = try state.plain.read(bytes.span.bytes, now: Self.now)
      hold(
        node == nil || node == Array(report.node.text.utf8), "two ways to the node's id differ")
      let times = report.entries.map(\.captureTime)
      state.last =
        BodyFingerprint(of: bytes.span.bytes, captureTimes: times, hash: state.hash) ?? state.last
      learn(report, bytes, state.known)
      // Known items first, then those beside them: the marks in the reduced body are in the way of none.
      let again = try? state.knowing.read(bytes.span.bytes, known: state.known, now: Self.now)
      hold(again?.node == report.node, "a body of known items is refused")
      compare(report, again?.entries ?? [])
    }
  }

  private func learn(_ report: CanonicalReport, _ body: [UInt8], _ known: KnownItems) {
    known.updating(to: 0) {
      for entry in report.entries {
        guard let content = entry.content else { continue }
        for (number, item) in content.readItems.enumerated() where number % 3 != 2 {
          let element = content.elements[item.element]
          known.learn(
            body.span.bytes.extracting(item.text), type: entry.type, content: UInt32(number + 1),
            occurrence: element.occurrence)
        }
      }
    }
  }

  private func compare(_ report: CanonicalReport, _ entries: [CanonicalReport.Entry]) {
    hold(report.entries.count == entries.count, "a body of known items has other entries")
    for (one, other) in zip(report.entries, entries) {
      hold(
        one.type == other.type && one.captureTime == other.captureTime
          && one.content?.elements.count == other.content?.elements.count,
        "an entry of known items is another")
      guard let left = one.content, let right = other.content else { continue }
      for (a, b) in zip(left.elements, right.elements) where b.knownContent == 0 {
        hold(
          [UInt8](copying: left.bytes(of: a.piece)) == [UInt8](copying: right.bytes(of: b.piece)),
          "an item beside known ones is another")
      }
    }
  }
}

extension Decoder {
  static let report = Decoder("report", [Part("report") { try TwoReaders.shared.read($0) }])

  static let json = Decoder(
    "json",
    [
      Part("value") { bytes in
        let value = try JSONValue(parsing: bytes.span.bytes)
        var written: [UInt8] = []
        value.write(to: &written)
        let again = try JSONValue(parsing: written.span.bytes)
        var twice: [UInt8] = []
        again.write(to: &twice)
        hold(twice == written, "JSON is written otherwise than read")
      },
      Part("custom document") { _ = try CustomDocument(parsing: $0) },
    ])
}
