import PackedBytes
import Testing

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number of any magnitude: small ones as often as large ones.
  mutating func anyMagnitude() -> UInt64 { next() >> UInt64.random(in: 0...63, using: &self) }
}

private let edges: [UInt64] =
  (0..<64).flatMap { shift -> [UInt64] in
    let power: UInt64 = 1 << UInt64(shift)
    return [power &- 1, power, power &+ 1]
  } + [.max - 1, .max]

@Suite struct VarintTests {
  @Test func `a varint is read as it was written, in the fewest bytes`() throws {
    var random = SeededGenerator(seed: 1)
    for value in edges + (0..<20_000).map({ _ in random.anyMagnitude() }) {
      var writer = ByteWriter()
      writer.append(varint: value)
      #expect(writer.count == max(1, (64 - value.leadingZeroBitCount + 6) / 7))
      var reader = ByteReader(writer.bytes.span.bytes)
      let read = try reader.varint()
      #expect(read == value)
      let isAtEnd = reader.isAtEnd
      #expect(isAtEnd)
    }
  }

  @Test func `a zigzag number is read as it was written, and small ones are short`() throws {
    var random = SeededGenerator(seed: 2)
    let values = edges.map { Int64(bitPattern: $0) } + edges.map { 0 &- Int64(bitPattern: $0) }
    let more = (0..<20_000).map { _ in Int64(bitPattern: random.next()) >> Int64.random(in: 0...63)
    }
    for value in values + more {
      var writer = ByteWriter()
      writer.append(zigzag: value)
      if (-64...63).contains(value) { #expect(writer.count == 1) }
      var reader = ByteReader(writer.bytes.span.bytes)
      let read = try reader.zigzag()
      #expect(read == value)
      let isAtEnd = reader.isAtEnd
      #expect(isAtEnd)
    }
  }

  @Test func `a number of fixed width is read as it was written, in the order of its bytes`() throws
  {
    var random = SeededGenerator(seed: 3)
    func check<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws {
      for _ in 0..<2000 {
        let left = T(truncatingIfNeeded: random.anyMagnitude())
        let right = Bool.random(using: &random) ? left &+ 1 : T(truncatingIfNeeded: random.next())
        var a = ByteWriter()
        var b = ByteWriter()
        a.append(bigEndian: left)
        b.append(bigEndian: right)
        #expect(a.count == MemoryLayout<T>.size)
        #expect((left < right) == a.bytes.lexicographicallyPrecedes(b.bytes))
        var reader = ByteReader(a.bytes.span.bytes)
        let read = try reader.bigEndian(T.self)
        #expect(read == left)
      }
    }
    try check(UInt8.self)
    try check(UInt16.self)
    try check(UInt32.self)
    try check(UInt64.self)
  }

  @Test func `a key of several numbers sorts as they do`() {
    var random = SeededGenerator(seed: 4)
    func key(_ a: UInt16, _ b: UInt32, _ c: UInt64) -> [UInt8] {
      var writer = ByteWriter()
      writer.append(bigEndian: a)
      writer.append(bigEndian: b)
      writer.append(bigEndian: c)
      return writer.bytes
    }
    for _ in 0..<5000 {
      let left = (
        UInt16.random(in: 0...3, using: &random), UInt32.random(in: 254...258, using: &random),
        random.anyMagnitude()
      )
      let right = (
        UInt16.random(in: 0...3, using: &random), UInt32.random(in: 254...258, using: &random),
        random.anyMagnitude()
      )
      let isBefore = key(left.0, left.1, left.2)
        .lexicographicallyPrecedes(key(right.0, right.1, right.2))
      #expect(isBefore == (left < right))
    }
  }

  @Test func `every truncation is an error and never a wild read`() throws {
    var writer = ByteWriter()
    writer.append(varint: UInt64.max)
    writer.append(zigzag: Int64.min)
    writer.append(bigEndian: UInt32(7))
    writer.append(string: "Grüße, 世界")
    writer.append(lengthPrefixed: [1, 2, 3])
    writer.append(UInt8(9))
    func readAll(_ bytes: [UInt8]) throws(PackedBytesError) {
      var reader = ByteReader(bytes.span.bytes)
      _ = try reader.varint()
      _ = try reader.zigzag()
      _ = try reader.bigEndian(UInt32.self)
      _ = try reader.string()
      _ = try reader.lengthPrefixedBytes()
      _ = try reader.byte()
    }
    try readAll(writer.bytes)
    for count in 0..<writer.count {
      do {
        try readAll(Array(writer.bytes[..<count]))
        Issue.record("\(count) bytes of \(writer.count) were enough")
      } catch {
        #expect(error.offset <= count)
      }
    }
  }

  @Test(arguments: [
    [UInt8](repeating: 0x80, count: 10), [UInt8](repeating: 0xff, count: 10),
    [UInt8](repeating: 0xff, count: 9) + [0x02], [UInt8](repeating: 0x80, count: 10) + [0x00],
    [UInt8](repeating: 0x80, count: 4096), [0x80], [],
  ])
  func `a varint of more than 64 bits, or without an end, is an error`(_ bytes: [UInt8]) {
    #expect(throws: PackedBytesError.self) {
      var reader = ByteReader(bytes.span.bytes)
      _ = try reader.varint()
    }
  }

  @Test func `counts, narrow numbers and texts are held to their limits`() {
    func fails(_ bytes: [UInt8], _ read: (inout ByteReader) throws -> Void) -> Bool {
      var reader = ByteReader(bytes.span.bytes)
      do { try read(&reader) } catch { return true }
      return false
    }
    #expect(!fails([5]) { _ = try $0.count(limit: 5) })
    #expect(fails([6]) { _ = try $0.count(limit: 5) })
    #expect(!fails([0xff, 0xff, 0xff, 0xff, 0x0f]) { _ = try $0.varint32() })
    #expect(fails([0x80, 0x80, 0x80, 0x80, 0x10]) { _ = try $0.varint32() })
    let huge = [UInt8](repeating: 0xff, count: 9) + [0x01]
    #expect(fails(huge) { _ = try $0.count(limit: .max) })
    #expect(fails(huge) { _ = try $0.lengthPrefixedSpan() })
    #expect(fails([1, 2, 3]) { _ = try $0.span(count: -1) })
    #expect(fails([1, 2, 3]) { _ = try $0.span(count: 4) })
    for text: [UInt8] in [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]] {
      #expect(fails([UInt8(text.count)] + text) { _ = try $0.string() })
    }
  }

  @Test func `random bytes are read without a crash`() {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<5000 {
      let count = Int.random(in: 0...40, using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      var reader = ByteReader(bytes.span.bytes)
      do {
        while !reader.isAtEnd {
          switch random.next() % 6 {
          case 0: _ = try reader.varint()
          case 1: _ = try reader.zigzag()
          case 2: _ = try reader.bigEndian(UInt64.self)
          case 3: _ = try reader.string()
          case 4: _ = try reader.lengthPrefixedBytes()
          default: _ = try reader.count(limit: 100)
          }
        }
      } catch {}
      let position = reader.position
      #expect(position <= bytes.count)
    }
  }
}
