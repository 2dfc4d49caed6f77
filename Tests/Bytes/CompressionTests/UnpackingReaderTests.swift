import CollectionSupport
import Compression
import Foundation
import Testing

/// The programs that make what is unpacked here, by form.
private let programs: [(form: PackedForm, program: String)] = [
  (.gzip, "gzip"), (.xz, "xz"), (.zstandard, "zstd"), (.bzip2, "bzip2"),
]

struct UnpackingReaderTests {
  private let plain: [UInt8]

  init() {
    var random = SplitMix64(seed: 5)
    let noise = (0..<3_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    plain = noise + [UInt8](repeating: 7, count: 400_000) + noise
  }

  /// What comes of bytes that are given in pieces.
  private func unpacked(
    _ packed: [UInt8], piece: Int = 1 << 16, max: Int = .max
  ) throws(UnpackingFailure<Never>) -> [UInt8] {
    var reader = UnpackingReader(bytesMax: max)
    var (start, bytes): (Int, [UInt8]) = (0, [])
    while true {
      let more = try reader.next { () throws(Never) in
        defer { start = min(start + piece, packed.count) }
        return Array(packed[start..<min(start + piece, packed.count)])
      }
      if more.isEmpty { return bytes }
      bytes += more
    }
  }

  private func fault(_ packed: some Sequence<UInt8>, max: Int = .max) -> UnpackingFault? {
    do throws(UnpackingFailure<Never>) { _ = try unpacked(Array(packed), max: max) } catch {
      if case .fault(let fault) = error { return fault }
    }
    return nil
  }

  private func packed(_ plain: [UInt8], by program: String) throws -> [UInt8] {
    guard isProgram(program) else { try Test.cancel("\(program) is missing") }
    let tree = try TemporaryTree()
    let path = try tree.write("plain", plain)
    try #require(output(of: "sh", "-c", "\(program) -c \(path) >\(tree.path("packed"))") != nil)
    return Array(try Data(contentsOf: URL(fileURLWithPath: tree.path("packed"))))
  }

  @Test(arguments: programs)
  func `streams of each form are unpacked, in pieces of any size`(
    form: PackedForm, program: String
  ) throws {
    let packed = try packed(plain, by: program)
    for piece in [1, 7, 4_096, packed.count, 1 << 20] {
      #expect(try unpacked(packed, piece: piece) == plain, "\(piece)")
    }
    #expect(try unpacked(packed + packed, piece: 100) == plain + plain)
    #expect(try unpacked(packed + [UInt8](repeating: 0, count: 512), piece: 5) == plain)
    let empty = try self.packed([], by: program)
    for piece in [1, 100] {
      #expect(try unpacked(empty, piece: piece).isEmpty)
      #expect(try unpacked(empty + [0, 0, 0, 0] + packed, piece: piece) == plain)
    }
    #expect(try unpacked(packed, max: plain.count) == plain)
    #expect(fault(packed, max: plain.count - 1)?.kind == .tooLarge(plain.count - 1))
  }

  @Test func `a frame that tells more than it has is damaged, in pieces too`() {
    // 344 bytes are told, and an empty block is all there is.
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x60, 0x58, 0x00, 0x01, 0x00, 0x00]
    #expect(fault(frame)?.kind == .damaged)
    for piece in [1, 3, 7] {
      #expect(throws: UnpackingFailure<Never>.self) { try unpacked(frame, piece: piece) }
    }
  }

  @Test(arguments: programs)
  func `what is cut, damaged or followed by something else is a fault of its form`(
    form: PackedForm, program: String
  ) throws {
    let packed = try packed(Array(plain.prefix(5_000)), by: program)
    for count in form == .bzip2 ? 5..<packed.count : 2..<packed.count {
      #expect(fault(packed.prefix(count))?.kind == .cut, "\(count)")
      #expect(fault(packed.prefix(count))?.form == form)
    }
    for tail in [[1], [0, 0, 1], Array("tail".utf8), Array("a longer tail than any mark".utf8)] {
      #expect(fault(packed + tail)?.kind == .followed, "\(tail)")
    }
    for (other, name) in programs where other != form && isProgram(name) {
      #expect(fault(packed + (try self.packed([1], by: name)))?.kind == .followed)
    }
    // zstd writes no sum over a stream in all versions; its head always counts.
    var damaged = packed
    damaged[form == .zstandard ? 5 : packed.count / 2] ^= 0x55
    for index in 10..<14 { damaged[index] ^= 0xff }
    let kind = try #require(fault(damaged)?.kind)
    #expect(kind == .damaged || kind == .cut)
  }

  @Test func `what is no packed form passes as it is`() throws {
    for text in ["", "(", "B", "BZh", "BZh9 is a text", "ab", "\u{0}\u{0}", "line\n"] {
      #expect(try unpacked(Array(text.utf8), piece: 1) == Array(text.utf8))
    }
    #expect(try unpacked(plain, piece: 1_000) == plain)
    #expect(fault(plain, max: 100)?.kind == .tooLarge(100))
  }

  @Test func `bytes of any kind end in bytes or a fault`() throws {
    var random = SplitMix64(seed: 9)
    let heads: [[UInt8]] = [
      [0x1f, 0x8b, 8, 0], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], [0x28, 0xb5, 0x2f, 0xfd],
      Array("BZh91AY&SY".utf8), [],
    ]
    for round in 0..<1_000 {
      let head = heads[round % 5]
      let noise = (0..<round / 2).map { _ in UInt8.random(in: 0...255, using: &random) }
      do throws(UnpackingFailure<Never>) {
        let bytes = try unpacked(head + noise, piece: 1 + round % 40, max: 1 << 24)
        #expect(!head.isEmpty || bytes == noise)
      } catch {}
    }
  }

  @Test func `what the source throws is handed on`() {
    struct Broken: Error {}
    var reader = UnpackingReader()
    #expect(throws: UnpackingFailure<Broken>.self) {
      try reader.next { () throws(Broken) in throw Broken() }
    }
  }
}
