import CLMDB
import Glibc

/// Looks at a data file before LMDB maps it.
///
/// LMDB reads a page wherever the tree says one is; behind the end of the file that is a signal which
/// ends the process. So the size that the newest meta page speaks of is compared with the file's first.
struct DataFile {
  private let descriptor: Int32

  /// A look at a meta page that changed while the file was looked at is repeated; a writer that commits
  /// this often in between is proof enough that the file is whole.
  private static let looksMax = 16

  /// Throws ``LMDBError/cutOff`` when pages that are in use lie behind the end of the file, and
  /// ``LMDBError/corrupted`` when its meta pages do not fit each other.
  ///
  /// A file that is no data file at all is left to LMDB to refuse. Reads two pages of a whole file, and
  /// the list of free pages only of one that is shorter than it was once.
  ///
  /// - Parameter path: a file that may be missing.
  static func check(at path: String) throws(LMDBError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return }
      throw LMDBError(rawValue: errno)
    }
    defer { close(descriptor) }
    try check(descriptor)
  }

  /// The same for a file that is open.
  static func check(_ descriptor: Int32) throws(LMDBError) {
    let file = DataFile(descriptor: descriptor)
    try file.checkPageSizes()
    for _ in 0..<looksMax {
      // The meta page first: what it speaks of was in the file before it.
      guard let meta = file.newestMeta(), try !file.isWhole(meta) else { return }
      if file.newestMeta()?.transaction == meta.transaction { throw .cutOff }
    }
  }

  /// The bytes of a file, and how many its newest meta page speaks of; nil where there is none.
  static func extent(at path: String) -> (byteCount: Int, reach: Int)? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    let file = DataFile(descriptor: descriptor)
    guard let meta = file.newestMeta(), let size = try? file.byteCount() else { return nil }
    return (size, max(meta.pageCount, 2) * meta.pageByteCount)
  }

  /// Throws ``LMDBError/corrupted`` where the two meta pages do not say the same size of pages.
  ///
  /// LMDB takes the size of the newest and then looks for the other where that puts it: a size that one
  /// flipped bit has changed would make it answer from the older state, or from an empty one. By a size of
  /// zero it divides.
  private func checkPageSizes() throws(LMDBError) {
    guard let bytes = read(MetaPage.byteCount, at: 0), MetaPage.isOne(bytes) else { return }
    guard let first = MetaPage(bytes) else { throw .corrupted }
    guard try byteCount() >= 2 * first.pageByteCount else { return }
    guard meta(at: first.pageByteCount)?.pageByteCount == first.pageByteCount else {
      throw .corrupted
    }
  }

  private func byteCount() throws(LMDBError) -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw LMDBError(rawValue: errno) }
    return Int(status.st_size)
  }

  /// The meta page that LMDB would take; nil where the file does not begin with one.
  private func newestMeta() -> MetaPage? {
    guard let first = meta(at: 0) else { return nil }
    guard let second = meta(at: first.pageByteCount) else { return first }
    return second.transaction > first.transaction ? second : first
  }

  private func meta(at offset: Int) -> MetaPage? {
    guard let bytes = read(MetaPage.byteCount, at: offset) else { return nil }
    return MetaPage(bytes)
  }

  /// Reads bytes, or nil where the file ends before them.
  private func read(_ count: Int, at offset: Int) -> [UInt8]? {
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = max(0, unsafe pread(descriptor, buffer.baseAddress, count, offset))
    }
    return bytes.count == count ? bytes : nil
  }

  private func isWhole(_ meta: MetaPage) throws(LMDBError) -> Bool {
    let pages = try byteCount() / meta.pageByteCount
    if pages >= meta.pageCount { return pages >= 2 }
    guard pages >= 2 else { return false }
    // A transaction that takes new pages and frees them again leaves them unwritten.
    var walk = FreeListWalk(firstMissing: pages, pageByteCount: meta.pageByteCount)
    return walk.collect(from: meta.freeRoot, read)
      && walk.missingAndFree >= meta.pageCount - pages
  }
}

extension Environment {
  /// How large a data file is, and how far its newest meta page says that pages reach, in bytes; nil
  /// where the file does not begin with one.
  ///
  /// A file may be shorter than that and whole, where the last pages were never written.
  public static func extent(ofFile path: String) -> (byteCount: Int, reach: Int)? {
    DataFile.extent(at: path)
  }

  /// A process that has the environment of a data file open; nil where none has, or none can be seen.
  ///
  /// This process itself is none. Must not be called while it has the environment open.
  public static func holder(ofFile path: String) -> Int? { LockFile(of: path).holder }
}

/// What is needed of a meta page of LMDB 0.9 on 64 bits: `MDB_page`, then `MDB_meta`.
private struct MetaPage {
  static let byteCount = 152
  private static let magic = 0xBEEF_C0DE
  private static let metaFlag = 0x08

  let pageByteCount: Int
  let pageCount: Int
  let transaction: Int
  let freeRoot: Int

  /// Whether bytes are those of a meta page, whatever else it says.
  static func isOne(_ bytes: [UInt8]) -> Bool {
    bytes.number(10, 2) & metaFlag != 0 && bytes.number(16, 4) == magic
  }

  init?(_ bytes: [UInt8]) {
    guard Self.isOne(bytes) else { return nil }
    pageByteCount = bytes.number(40, 4)
    freeRoot = bytes.number(80, 8)
    let last = bytes.number(136, 8)
    transaction = bytes.number(144, 8)
    // 32 KiB is the largest page of LMDB; a number beyond 2^47 pages is damage, and no file has them.
    guard pageByteCount >= 512, pageByteCount <= 1 << 15, pageByteCount.nonzeroBitCount == 1
    else { return nil }
    pageCount = (0..<(1 << 47)).contains(last) ? last + 1 : 1 << 47
  }
}

/// Goes through the tree of free pages without LMDB, and counts those behind the end of the file.
private struct FreeListWalk {
  let firstMissing: Int
  let pageByteCount: Int
  private(set) var missingAndFree = 0
  private var pagesRead = 0

  private static let noPage = -1
  private static let headByteCount = 16
  /// LMDB's own limit to the height of a tree.
  private static let depthMax = 32

  init(firstMissing: Int, pageByteCount: Int) {
    self.firstMissing = firstMissing
    self.pageByteCount = pageByteCount
  }

  /// False where a page of the tree itself is missing or is none.
  mutating func collect(from root: Int, depth: Int = 0, _ read: (Int, Int) -> [UInt8]?) -> Bool {
    if root == Self.noPage { return true }
    // A tree that was damaged into a circle would be walked for ever.
    guard depth < Self.depthMax, pagesRead < firstMissing, let page = page(root, read) else {
      return false
    }
    pagesRead += 1
    let isBranch = page.number(10, 2) & 0x01 != 0
    guard isBranch || page.number(10, 2) & 0x02 != 0 else { return false }
    let end = page.number(12, 2)
    guard end >= Self.headByteCount, end <= pageByteCount else { return false }
    for slot in stride(from: Self.headByteCount, to: end, by: 2) {
      let node = page.number(slot, 2)
      guard node + 8 <= pageByteCount else { return false }
      let low = page.number(node, 2) | page.number(node + 2, 2) << 16
      if isBranch {
        let child = low | page.number(node + 4, 2) << 32
        guard collect(from: child, depth: depth + 1, read) else { return false }
      } else {
        let value = node + 8 + page.number(node + 6, 2)
        let isFar = page.number(node + 4, 2) & 0x01 != 0
        guard take(page, value, byteCount: low, isFar: isFar, read) else { return false }
      }
    }
    return true
  }

  private func page(_ number: Int, _ read: (Int, Int) -> [UInt8]?) -> [UInt8]? {
    guard (2..<firstMissing).contains(number) else { return nil }
    return read(pageByteCount, number * pageByteCount)
  }

  /// Takes one value: a count, then that many page numbers; a long one lies in pages of its own.
  private mutating func take(
    _ page: [UInt8], _ place: Int, byteCount: Int, isFar: Bool, _ read: (Int, Int) -> [UInt8]?
  ) -> Bool {
    var list = page
    var start = place
    if isFar {
      guard place + 8 <= page.count else { return false }
      let first = page.number(place, 8)
      let last = first + (Self.headByteCount + byteCount - 1) / pageByteCount
      guard first >= 2, last < firstMissing,
        let far = read(Self.headByteCount + byteCount, first * pageByteCount)
      else { return false }
      list = far
      start = Self.headByteCount
    }
    guard byteCount >= 8, start + byteCount <= list.count else { return false }
    let count = list.number(start, 8)
    guard count >= 0, count <= byteCount / 8 - 1 else { return false }
    for index in 0..<count where list.number(start + 8 + 8 * index, 8) >= firstMissing {
      missingAndFree += 1
    }
    return true
  }
}

extension [UInt8] {
  /// A little-endian number, as LMDB writes on the machines that this runs on.
  fileprivate func number(_ offset: Int, _ count: Int) -> Int {
    var number: UInt64 = 0
    for index in (0..<count).reversed() { number = number << 8 | UInt64(self[offset + index]) }
    return Int(truncatingIfNeeded: number)
  }
}
