import PlainText
import Testing

/// Bytes as digits, and texts as parts of a URL: once for all who need them.
@Suite struct EncodingTests {
  @Test func `bytes become digits and the same bytes again`() {
    let bytes = [UInt8](0...255)
    let text = Hex.text(bytes)
    #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff") && text.utf8.count == 512)
    #expect(Hex.digits(bytes) == Array(text.utf8))
    #expect(Hex.bytes(text.utf8) == bytes && Hex.bytes(text.uppercased().utf8) == bytes)
    #expect(Hex.bytes("".utf8) == [])
    for text in ["0", "000", "+1", "-1", "0x", "g0", " 1", "١١"] {
      #expect(Hex.bytes(text.utf8) == nil, "\(text)")
    }
  }

  @Test func `whatever is not unreserved is encoded, and decoded to the same`() {
    #expect(percentEncoded("aZ09-._~") == "aZ09-._~")
    #expect(percentEncoded("a/b c+ä%") == "a%2Fb%20c%2B%C3%A4%25")
    let bytes = [UInt8](0...255)
    let text = percentEncoded(bytes)
    #expect(percentDecodedBytes(text.utf8, plusIsBlank: false) == bytes)
    for text in ["", "a/b c+ä%", "\u{0}\u{7f}", "%41", "🙂"] {
      for plusIsBlank in [false, true] {
        #expect(
          percentDecoded(Substring(percentEncoded(text)), plusIsBlank: plusIsBlank) == text)
      }
    }
    #expect(percentDecoded("a+b%2b", plusIsBlank: true) == "a b+")
    #expect(percentDecoded("a+b", plusIsBlank: false) == "a+b")
  }

  @Test func `a sign without its digits is an error, or stands for itself`() {
    for text in ["%", "a%", "%4", "%g1", "%+1", "%-f", "% 1", "%%41"] {
      #expect(percentDecoded(Substring(text), plusIsBlank: false) == nil, "\(text)")
    }
    #expect(percentDecoded("%ff", plusIsBlank: false) == nil)
    #expect(
      String(decoding: percentDecodedBytes("%+1%%41%".utf8, plusIsBlank: false), as: UTF8.self)
        == "%+1%A%")
    #expect(percentDecodedBytes("%ff+".utf8, plusIsBlank: true) == [0xff, 0x20])
  }
}
