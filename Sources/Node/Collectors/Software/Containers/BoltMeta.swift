/// A state of a database of bbolt: the first two pages hold the newest and the one before.
struct BoltMeta: Hashable {
  private static let magic: UInt32 = 0xed0c_daed
  private static let version: UInt32 = 2
  /// Sizes of pages that bbolt looks for; it writes those of the system's memory.
  private static let pageBytesRange = 10...24

  let pageBytes: Int
  /// The page of the first bucket.
  let root: UInt64
  /// Pages in use; the file may have more.
  let pageCount: UInt64
  let transaction: UInt64

  /// The newest state that is whole; throws where there is none.
  static func newest(in file: borrowing OpenFile) throws(CollectorError) -> BoltMeta {
    let first = BoltMeta(try file.bytes(at: 0, count: headBytes), fileBytes: file.size)
    if let first {
      let second = BoltMeta(
        try file.bytes(at: first.pageBytes, count: headBytes), fileBytes: file.size)
      guard let second, second.transaction > first.transaction else { return first }
      return second
    }
    // Where the first is damaged nothing says how large a page is.
    for power in pageBytesRange {
      let bytes = try file.bytes(at: 1 << power, count: headBytes)
      if let meta = BoltMeta(bytes, fileBytes: file.size), meta.pageBytes == 1 << power {
        return meta
      }
    }
    throw CollectorError("\(file.path) is no database of bbolt, or both of its states are damaged")
  }

  private static let headBytes = BoltPage.headBytes + 64

  /// Nil where the bytes are no state, or its checksum does not fit.
  ///
  /// Numbers are little-endian here; bbolt writes them as the machine does.
  private init?(_ page: [UInt8], fileBytes: Int) {
    let bytes = page.dropFirst(BoltPage.headBytes)
    guard bytes.little(UInt32.self, at: 0) == Self.magic,
      bytes.little(UInt32.self, at: 4) == Self.version,
      let pageBytes = bytes.little(UInt32.self, at: 8), pageBytes.nonzeroBitCount == 1,
      Self.pageBytesRange.contains(pageBytes.trailingZeroBitCount),
      let root = bytes.little(UInt64.self, at: 16),
      let pageCount = bytes.little(UInt64.self, at: 40),
      let transaction = bytes.little(UInt64.self, at: 48),
      bytes.little(UInt64.self, at: 56) == Self.checksum(bytes.prefix(56)),
      pageCount <= UInt64(fileBytes) / UInt64(pageBytes)
    else { return nil }
    self.pageBytes = Int(pageBytes)
    self.root = root
    self.pageCount = pageCount
    self.transaction = transaction
  }

  /// FNV-1a of 64 bits.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
