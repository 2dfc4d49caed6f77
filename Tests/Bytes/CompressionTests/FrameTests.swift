import Testing

@testable import Compression

@Suite struct FrameTests {
  private let limits = Frame(byteCountMin: 512, byteCountMax: 1 << 20)

  private func pack(_ value: [UInt8], _ limits: Frame? = nil) -> [UInt8]? {
    (limits ?? self.limits).pack(value.span.bytes)
  }

  private func unpack(_ frame: [UInt8], _ byteCount: UInt64) throws -> [UInt8] {
    try limits.unpack(frame.span.bytes, byteCount: byteCount)
  }

  /// Zstandard makes some 13 bytes of any number of equal ones.
  @Test(arguments: [512, 513, 8191, 65_536, 131_072, 131_073, 1 << 20])
  func `what is packed is unpacked, however well it packs`(_ count: Int) throws {
    for value in [
      [UInt8](repeating: 7, count: count), (0..<count).map { UInt8(truncatingIfNeeded: $0 / 100) },
    ] {
      let frame = try #require(pack(value))
      #expect(frame.count < count / 8 * 7)
      #expect(try unpack(frame, UInt64(count)) == value)
    }
  }

  @Test func `what is short, too long, or packs badly stays as it is`() {
    func isPacked(_ value: [UInt8]) -> Bool { pack(value) != nil }
    #expect(!isPacked([]))
    #expect(!isPacked([UInt8](repeating: 0, count: 511)))
    #expect(isPacked([UInt8](repeating: 0, count: 512)))
    #expect(!isPacked([UInt8](repeating: 0, count: 1 << 20 + 1)))
    var state: UInt64 = 1
    let noise = (0..<4096).map { _ -> UInt8 in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    #expect(!isPacked(noise))
  }

  @Test func `no memory is taken for a length that the frame does not have`() throws {
    let value = [UInt8](repeating: 7, count: 1000)
    let frame = try #require(pack(value))
    for told: UInt64 in [0, 999, 1001, 1 << 20, 1 << 20 + 1, .max, .max - 1] {
      #expect(throws: CompressionError.self) { _ = try unpack(frame, told) }
    }
    let larger = Frame(byteCountMin: 1, byteCountMax: 1 << 21)
    let long = [UInt8](repeating: 7, count: 1 << 21)
    let tooLong = try #require(pack(long, larger))
    #expect(throws: CompressionError.self) { _ = try unpack(tooLong, 1 << 21) }
    for count in 0..<frame.count {
      #expect(throws: CompressionError.self) { _ = try unpack(Array(frame[..<count]), 1000) }
    }
    for index in frame.indices {
      for bit in 0..<8 {
        var changed = frame
        changed[index] ^= 1 << UInt8(bit)
        // Another value, perhaps, but of the length told.
        if let other = try? unpack(changed, 1000) { #expect(other.count == 1000) }
      }
    }
  }
}
