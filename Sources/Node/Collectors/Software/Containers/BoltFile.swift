import Glibc

/// A database of bbolt, the store of containerd, read page by page without a lock.
///
/// It is a tree of buckets. A page is 16 bytes (number, kind, count of elements, count of pages that
/// follow and belong to it), then its elements, then keys and values. bbolt never writes to a page of its
/// newest state, nor of the one before while it writes the next: so what was read is whole as long as the
/// newest state is the same after reading as it was before.
struct BoltFile: ~Copyable {
  /// Bytes of pages that one reading takes.
  static let bytesMax = 64 << 20
  /// How often a reading begins anew because the database changed, each time after a longer pause.
  static let attemptsMax = 8
  private static let firstPauseMicroseconds: UInt32 = 20_000

  /// What a key stands for.
  enum Value: Sendable {
    case bytes(ArraySlice<UInt8>)
    case bucket(Bucket)
  }

  /// Where the elements of a bucket begin.
  enum Bucket: Sendable {
    case page(UInt64)
    /// A small bucket is a page inside its parent's.
    case inline(ArraySlice<UInt8>)
  }

  private let file: OpenFile
  private let meta: BoltMeta
  private var met: Set<UInt64> = []
  private var bytesRead = 0

  private init(_ file: consuming OpenFile, _ meta: BoltMeta) {
    self.file = file
    self.meta = meta
  }

  /// What a body makes of a database, all of it at one state; throws where the file is damaged.
  static func read<Result>(
    _ name: String, on machine: Machine,
    _ body: (inout BoltFile) throws(CollectorError) -> Result
  ) throws(CollectorError) -> Result {
    for attempt in 0..<attemptsMax {
      if attempt > 0 { usleep(firstPauseMicroseconds << UInt32(attempt - 1)) }
      let file = try machine.open(name)
      let meta = try BoltMeta.newest(in: file)
      var database = BoltFile(file, meta)
      let result = Swift.Result { () throws(CollectorError) in try body(&database) }
      let after = try? BoltMeta.newest(in: database.file)
      // What looks damaged may only have been written over.
      if after == meta { return try result.get() }
    }
    throw CollectorError("\(machine.path(name)) changes faster than it can be read")
  }

  /// The bucket that all others are in.
  var root: Bucket { .page(meta.root) }

  /// The names and values of a bucket in their order.
  ///
  /// Throws where it was asked for before: in a tree there is one way to each page, and a second one
  /// could lead on forever.
  mutating func elements(of bucket: Bucket) throws(CollectorError) -> [(key: String, value: Value)]
  {
    var found: [(key: String, value: Value)] = []
    var left: [Bucket] = [bucket]
    while let next = left.popLast() {
      let page: BoltPage
      switch next {
      case .page(let number): page = try self.page(number)
      case .inline(let bytes): page = try BoltPage(bytes, number: 0, file.path)
      }
      switch page.kind {
      case .leaf: found += try page.leafElements()
      case .branch: left += try page.branches().reversed().map { .page($0) }
      }
    }
    return found
  }

  private mutating func page(_ number: UInt64) throws(CollectorError) -> BoltPage {
    // The first two pages are the states, which no bucket has.
    guard number >= 2, number < meta.pageCount, met.insert(number).inserted else {
      throw CollectorError("\(file.path): page \(number) is not where it belongs")
    }
    // No overflow: a meta page was checked to fit the file.
    let start = Int(number) * meta.pageBytes
    let head = try file.bytes(at: start, count: BoltPage.headBytes)
    guard let following = head[...].little(UInt32.self, at: 12) else {
      throw CollectorError("\(file.path): page \(number) is behind the end of the file")
    }
    let count = (Int(following) + 1) * meta.pageBytes
    bytesRead += count
    guard bytesRead <= Self.bytesMax else {
      throw CollectorError("\(file.path): more than \(Self.bytesMax) bytes are to be read")
    }
    let bytes = try file.bytes(at: start, count: count)
    guard bytes.count == count else {
      throw CollectorError("\(file.path): page \(number) is behind the end of the file")
    }
    return try BoltPage(bytes[...], number: number, file.path)
  }
}
