import Testing

@testable import Compression

@Suite struct GzipTests {
  @Test(arguments: [0, 1, 1399, 65_536, 1 << 20])
  func `what is packed is unpacked`(_ count: Int) throws {
    let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 / 37) }
    let packed = try #require(Gzip.compress(value))
    #expect(PackedForm(beginning: packed) == .gzip)
    var reader = UnpackingReader()
    var source = [packed][...]
    var unpacked: [UInt8] = []
    while true {
      let piece = try reader.next { () throws(Never) in source.popFirst() ?? [] }
      guard !piece.isEmpty else { break }
      unpacked += piece
    }
    #expect(unpacked == value)
  }

  @Test func `text gets much shorter`() throws {
    let text = Array(String(repeating: #"{"Name":"openssl","Version":"3.0.2"},"#, count: 1000).utf8)
    #expect(try #require(Gzip.compress(text)).count < text.count / 20)
  }
}
