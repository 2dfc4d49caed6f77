import Testing

@testable import Digests

@Suite struct DigestsTests {
  /// Vectors of FIPS 180-4 and of NIST's examples for SHA-256.
  @Test(
    "SHA-256 is the standard's",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func vectors(text: String, digest: String) {
    let bytes = Array(text.utf8)
    let hasher = SHA256()
    #expect(hasher.digest(bytes.span.bytes).description == digest)
    // The context is used again, and two parts are one text.
    for cut in 0...bytes.count {
      let (first, second) = (Array(bytes[..<cut]), Array(bytes[cut...]))
      #expect(hasher.digest(first.span.bytes, second.span.bytes).description == digest)
    }
  }

  @Test func `a digest has 32 bytes`() {
    #expect(SHA256Digest(bytes: []) == nil)
    #expect(SHA256Digest(bytes: [UInt8](repeating: 1, count: 33)) == nil)
    #expect(SHA256Digest(bytes: [UInt8](repeating: 0, count: 32)) == .zero)
  }

  @Test func `a keyed hash is its owner's alone`() {
    let (mine, other) = (KeyedHash(), KeyedHash())
    for count in [0, 1, 16, 17, 128, 129, 240, 241, 5000] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
      #expect(mine.hash64(bytes.span.bytes) == mine.hash64(bytes.span.bytes))
      #expect(mine.hash128(bytes.span.bytes) == mine.hash128(bytes.span.bytes))
      #expect(mine.hash128(bytes.span.bytes) != other.hash128(bytes.span.bytes))
    }
    let (a, b) = (Hash128(high: 1, low: 2), Hash128(high: 3, low: 4))
    #expect(mine.hash128(a, b) != mine.hash128(b, a))
  }

  /// Sums over rows are kept in the file, so the hash may never become another one.
  @Test func `the hash of a row is the same in every process`() {
    let (key, value): ([UInt8], [UInt8]) = ([1, 2, 3], Array("value".utf8))
    #expect(RowHash.hash(key.span.bytes, value.span.bytes) == 0xe35b_6ea8_876e_560d)
    #expect(
      RowHash.hash(value.span.bytes, key.span.bytes)
        != RowHash.hash(key.span.bytes, value.span.bytes))
    #expect(RowHash.hash([UInt8]().span.bytes, value.span.bytes) == 0xca40_c659_0939_bdf4)
  }
}
