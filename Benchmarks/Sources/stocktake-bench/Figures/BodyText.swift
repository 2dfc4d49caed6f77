/// Looks into the JSON of a request and alters it, as text: the store's reader is what is measured.
enum BodyText {
  /// The node that reports.
  static func node(_ body: [UInt8]) -> String? {
    guard let range = value(of: "InstanceId", in: body, from: 0) else { return nil }
    return String(decoding: body[range], as: UTF8.self)
  }

  /// The first entry's capture time, as text.
  static func captureTime(_ body: [UInt8]) -> String? {
    guard let range = value(of: "CaptureTime", in: body, from: 0) else { return nil }
    return String(decoding: body[range], as: UTF8.self)
  }

  /// The body with another capture time in every entry.
  static func retimed(_ body: [UInt8], _ time: String) -> [UInt8] {
    var result = body
    for range in captureTimes(body) where range.count == time.utf8.count {
      result.replaceSubrange(range, with: time.utf8)
    }
    return result
  }

  /// The body with a ContentHash in its first entry.
  static func withContentHash(_ body: [UInt8], _ hash: String) -> [UInt8] {
    guard let range = value(of: "CaptureTime", in: body, from: 0) else { return body }
    var result = body
    result.insert(contentsOf: #","ContentHash":"\#(hash)""#.utf8, at: range.upperBound + 1)
    return result
  }

  /// A number that tells bodies apart by all but their capture times.
  static func fingerprint(_ body: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
    var start = 0
    for range in captureTimes(body) + [body.count..<body.count] {
      mix(body[start..<range.lowerBound], into: &hash)
      start = range.upperBound
    }
    return hash
  }

  private static func mix(_ bytes: ArraySlice<UInt8>, into hash: inout UInt64) {
    bytes.withUnsafeBytes { raw in
      var offset = 0
      while offset + 8 <= raw.count {
        let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let product = (hash ^ word).multipliedFullWidth(by: 0xff51_afd7_ed55_8ccd)
        hash = product.high ^ product.low &+ word
        offset += 8
      }
      for index in offset..<raw.count { hash = (hash ^ UInt64(raw[index])) &* 0x100_0000_01b3 }
    }
  }

  private static func captureTimes(_ body: [UInt8]) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    while let range = value(of: "CaptureTime", in: body, from: ranges.last?.upperBound ?? 0) {
      ranges.append(range)
    }
    return ranges
  }

  /// Where the text of a name's value stands.
  private static func value(of name: String, in body: [UInt8], from: Int) -> Range<Int>? {
    let pattern = Array("\"\(name)\"".utf8)
    return body.withUnsafeBytes { raw -> Range<Int>? in
      guard let end = end(of: pattern, in: raw, from: from),
        let open = raw[end...].firstIndex(of: 0x22),
        let close = raw[(open + 1)...].firstIndex(of: 0x22)
      else { return nil }
      return (open + 1)..<close
    }
  }

  /// Horspool's search: most steps are as long as the pattern.
  private static func end(
    of pattern: [UInt8], in raw: UnsafeRawBufferPointer, from: Int
  ) -> Int? {
    var steps = [Int](repeating: pattern.count, count: 256)
    for (index, byte) in pattern.dropLast().enumerated() {
      steps[Int(byte)] = pattern.count - 1 - index
    }
    var end = from + pattern.count
    while end <= raw.count {
      let last = raw[end - 1]
      if last == pattern[pattern.count - 1],
        raw[(end - pattern.count)..<end].elementsEqual(pattern)
      {
        return end
      }
      end += steps[Int(last)]
    }
    return nil
  }
}
