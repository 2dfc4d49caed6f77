package import Digests
import PackedBytes

/// What tells that a body says the same as the one before but for its capture times.
///
/// A node's body is compared with that same node's last one by length and a keyed 128-bit hash of
/// everything but the capture times, whose places are known; so a repeated body costs a hash (some
/// 7 µs for 166 kB), and is never parsed.
package struct BodyFingerprint: Sendable {
  /// What comes of looking whether a body repeats another.
  package enum Comparison: Sendable {
    /// It does, with these capture times.
    case same([Instant])
    /// It does not; this is its fingerprint, if its capture times stand where the other's do.
    case different(BodyFingerprint?)
  }

  private let byteCount: Int
  /// Where the 20 bytes of each capture time begin, in order of the entries.
  private let places: [Int]
  private let hash: Hash128

  /// As the agent and our own client write it, and as boto3 does.
  private static let members = [
    Array("\"CaptureTime\":\"".utf8), Array("\"CaptureTime\": \"".utf8),
  ]
  /// The part of ``members`` that is looked for: it ends with a letter that texts seldom have.
  private static let landmark = Array("\"CaptureT".utf8)
  private static let captureTimeByteCount = 20

  /// The fingerprint of a body that was read; nil where its capture times are not plainly there.
  ///
  /// - Parameters:
  ///   - captureTimes: those of its entries, in order.
  ///   - guess: its fingerprint, if its capture times stand where that one has them.
  package init?(
    of body: RawSpan, captureTimes: [Instant], hash: KeyedHash, guess: BodyFingerprint? = nil
  ) {
    var places: [Int] = []
    var from = 0
    for time in captureTimes {
      guard let found = body.firstIndex(of: Self.landmark.rawSpan, from: from),
        let member = Self.members.first(where: { body.has($0, at: found) })
      else { return nil }
      let place = found + member.count
      guard place + Self.captureTimeByteCount < body.byteCount,
        Instant(captureTime: body.extracting(place..<(place + Self.captureTimeByteCount))) == time
      else { return nil }
      places.append(place)
      from = place + Self.captureTimeByteCount
    }
    if let guess, guess.places == places {
      self = guess
    } else {
      self.init(byteCount: body.byteCount, places: places, hash: Self.hash(body, places, hash))
    }
  }

  private init(byteCount: Int, places: [Int], hash: Hash128) {
    self.byteCount = byteCount
    self.places = places
    self.hash = hash
  }

  /// Whether a body is the same but for its capture times.
  package func compare(_ body: RawSpan, hash: KeyedHash) -> Comparison {
    guard body.byteCount == byteCount else { return .different(nil) }
    var times: [Instant] = []
    for place in places {
      let text = body.extracting(place..<(place + Self.captureTimeByteCount))
      guard let time = Instant(captureTime: text) else { return .different(nil) }
      times.append(time)
    }
    let other = BodyFingerprint(
      byteCount: byteCount, places: places, hash: Self.hash(body, places, hash))
    return other.hash == self.hash ? .same(times) : .different(other)
  }

  /// Hashes what lies between the capture times, then the hashes.
  private static func hash(_ body: RawSpan, _ places: [Int], _ hash: KeyedHash) -> Hash128 {
    var combined = Hash128(high: 0, low: 0)
    var from = 0
    for place in places {
      combined = hash.hash128(combined, hash.hash128(body.extracting(from..<place)))
      from = min(place + captureTimeByteCount, body.byteCount)
    }
    return hash.hash128(combined, hash.hash128(body.extracting(from..<body.byteCount)))
  }

  private static let openings = [
    Array("{\"InstanceId\":\"".utf8), Array("{\"InstanceId\": \"".utf8),
  ]
  private static let quote: [UInt8] = [0x22]

  /// The node id of a body that begins as the usual clients write it; nil for others.
  package static func node(of body: RawSpan) -> [UInt8]? {
    guard let opening = openings.first(where: { body.has($0, at: 0) }) else { return nil }
    let rest = body.extracting(opening.count..<min(body.byteCount, opening.count + 256))
    guard let end = rest.firstIndex(of: quote.rawSpan, from: 0) else { return nil }
    let node = [UInt8](copying: rest.extracting(0..<end))
    return node.contains(0x5c) ? nil : node
  }
}

extension RawSpan {
  /// Whether some bytes stand at a place.
  fileprivate func has(_ bytes: [UInt8], at place: Int) -> Bool {
    guard place + bytes.count <= byteCount else { return false }
    return extracting(place..<(place + bytes.count)).isEqual(to: bytes.rawSpan)
  }
}
