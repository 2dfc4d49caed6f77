import Foundation
import Testing

@testable import stocktake

/// Bytes in memory that come in pieces of a given size.
private final class PieceSource: ByteSource {
  private var rest: ArraySlice<UInt8>
  private let pieceByteCount: Int

  init(_ bytes: [UInt8], pieceByteCount: Int) {
    rest = bytes[...]
    self.pieceByteCount = pieceByteCount
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = min(rest.count, pieceByteCount, buffer.count)
    buffer.copyBytes(from: rest.prefix(count))
    rest = rest.dropFirst(count)
    return count
  }
}

private func lines(
  _ text: String, limit: Int = 1000, piece: Int, chunk: Int = 16
) throws -> [String] {
  let reader = LineReader(
    PieceSource(Array(text.utf8), pieceByteCount: piece), lineByteCountMax: limit,
    chunkByteCount: chunk)
  var found: [String] = []
  while let line = try reader.next() {
    switch line {
    case .bytes(let bytes): found.append(String(decoding: bytes, as: UTF8.self))
    case .tooLong(let count): found.append("<\(count)>")
    }
    #expect(reader.lineNumber == found.count)
  }
  return found
}

@Suite struct LineReaderTests {
  private let text = "one\n\ntwo, which is longer than a chunk of the reader\r\nthree\n\n\nlast"

  @Test func `lines do not depend on where the pieces are cut`() throws {
    let expected = [
      "one", "", "two, which is longer than a chunk of the reader", "three", "", "", "last",
    ]
    for piece in 1...text.utf8.count {
      for chunk in [1, 2, 3, 7, 16, 64, 1024] {
        #expect(try lines(text, piece: piece, chunk: chunk) == expected)
      }
    }
  }

  @Test func `a line end at the end of the input starts no line`() throws {
    #expect(try lines("a\n", piece: 9) == ["a"])
    #expect(try lines("a", piece: 9) == ["a"])
    #expect(try lines("\n", piece: 9) == [""])
    #expect(try lines("", piece: 9) == [])
  }

  @Test func `a line over the limit is counted and skipped, wherever it lies`() throws {
    let long = String(repeating: "x", count: 300)
    let text = "a\n\(long)\nb\n\(long)"
    for piece in [1, 2, 5, 16, 17, 299, 300, 301, 302, 303, 1000] {
      #expect(try lines(text, limit: 20, piece: piece) == ["a", "<300>", "b", "<300>"])
      #expect(try lines(text, limit: 299, piece: piece) == ["a", "<300>", "b", "<300>"])
      #expect(try lines(text, limit: 300, piece: piece) == ["a", long, "b", long])
    }
  }

  @Test func `a line end of two bytes does not count against the limit`() throws {
    for piece in 1...16 {
      #expect(
        try lines("12345\r\n123456\r\n12345", limit: 5, piece: piece) == ["12345", "<7>", "12345"])
    }
  }
}

@Suite struct UnpackingTests {
  /// 6,000 lines.
  private static let large = (0..<6_000).map { "line \($0 % 10) of a file that packs well\n" }
    .joined()

  private func unpack(_ bytes: [UInt8]) throws -> [UInt8] {
    let path = FileManager.default.temporaryDirectory.path + "/stocktake-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
    let source = try UnpackedSource(FileSource(path: path))
    var found: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 10_000)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
      if count == 0 { return found }
      found += buffer[..<count]
    }
  }

  private func error(_ bytes: some Sequence<UInt8>) -> String? {
    #expect(throws: InputError.self) { try unpack(Array(bytes)) }?.description
  }

  private func sample(_ text: String) throws -> [UInt8] {
    let data = try #require(Data(base64Encoded: text, options: .ignoreUnknownCharacters))
    return Array(data)
  }

  private var samples: [(name: String, packed: [UInt8])] {
    get throws { [("gzip", try sample(Samples.gzip)), ("zstd", try sample(Samples.zstd))] }
  }

  @Test func `plain bytes are taken as they are`() throws {
    for text in ["", "a", "ab", "abc", "{}\n", Self.large] {
      #expect(try unpack(Array(text.utf8)) == Array(text.utf8))
    }
  }

  @Test func `packed bytes are unpacked, several streams in a row as one`() throws {
    let expected = Array(Self.large.utf8)
    for (name, packed) in try samples {
      #expect(try unpack(packed) == expected, "\(name)")
      #expect(try unpack(packed + packed) == expected + expected, "\(name)")
    }
  }

  @Test func `zero bytes may follow gzip, anything else may not`() throws {
    let packed = try sample(Samples.gzip)
    #expect(try unpack(packed + [0, 0, 0]).count == Self.large.utf8.count)
    #expect(error(packed + [0, 1])?.contains("not gzip") == true)
  }

  @Test func `a stream that is cut anywhere is an error that names the file`() throws {
    for (name, packed) in try samples {
      for count in stride(from: 5, to: packed.count, by: max(1, packed.count / 60)) {
        let message = error(packed.prefix(count))
        #expect(message?.contains("cut off") == true, "\(name) at \(count)")
        #expect(message?.contains("stocktake-") == true, "\(name) at \(count)")
      }
      #expect(error((packed + packed).dropLast(1))?.contains("cut off") == true)
    }
  }

  @Test func `a damaged stream is an error`() throws {
    for (name, packed) in try samples {
      var bytes = packed
      bytes[bytes.count / 2] ^= 0xff
      bytes[bytes.count / 2 + 1] ^= 0xff
      #expect(throws: InputError.self, "\(name)") { try unpack(bytes) }
    }
  }

  @Test func `a file that is not there is named`() {
    let error = #expect(throws: InputError.self) { try FileSource(path: "no/such/file") }
    #expect(error?.description == "no/such/file: No such file or directory")
  }
}

@Suite struct TextSourceTests {
  private func read(_ bytes: [UInt8], piece: Int, room: Int) throws -> String {
    let source = TextSource(PieceSource(bytes, pieceByteCount: piece))
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: room)
    while true {
      let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
      if count == 0 { return String(decoding: text, as: UTF8.self) }
      text += buffer[..<count]
    }
  }

  @Test func `marks of an encoding are passed over, and UTF-16 becomes UTF-8`() throws {
    let text = "{\"a\": \"caf\u{e9} \u{1f600}\"}\n"
    let units = Array("\u{feff}\(text)".utf16)
    let forms = [
      Array(text.utf8), [0xef, 0xbb, 0xbf] + Array(text.utf8),
      units.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] },
      units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] },
    ]
    for (form, piece) in forms.flatMap({ form in [1, 2, 3, 5, 1000].map { (form, $0) } }) {
      for room in [1, 3, 1000] { #expect(try read(form, piece: piece, room: room) == text) }
    }
    for short in [[], [0xff], [0xff, 0xfe], [0xfe, 0xff, 0x00], [0xef, 0xbb, 0xbf]] as [[UInt8]] {
      #expect(try read(short, piece: 1, room: 9).utf8.count <= 3)
    }
  }
}
