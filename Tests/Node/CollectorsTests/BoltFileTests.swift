import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// A database of bbolt put together by hand, in pages of 1,024 bytes.
private struct Pages {
  static let bytes = 1024

  /// From the third on, by their numbers.
  var others: [[UInt8]] = []

  static func little(_ number: some FixedWidthInteger) -> [UInt8] {
    (0..<(number.bitWidth / 8)).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }

  static func head(_ number: Int, kind: UInt16, count: Int, following: Int = 0) -> [UInt8] {
    little(UInt64(number)) + little(kind) + little(UInt16(count)) + little(UInt32(following))
  }

  /// A page of keys and values; a bucket's value has the flag.
  static func leaf(_ number: Int, _ elements: [(String, [UInt8], isBucket: Bool)]) -> [UInt8] {
    var data: [UInt8] = []
    var heads: [UInt8] = []
    for (index, element) in elements.enumerated() {
      let place = (elements.count - index) * 16 + data.count
      heads += little(UInt32(element.isBucket ? 1 : 0)) + little(UInt32(place))
      heads += little(UInt32(element.0.utf8.count)) + little(UInt32(element.1.count))
      data += Array(element.0.utf8) + element.1
    }
    let size = 16 + heads.count + data.count
    return head(number, kind: 2, count: elements.count, following: size / bytes) + heads + data
  }

  static func branch(_ number: Int, to pages: [Int]) -> [UInt8] {
    head(number, kind: 1, count: pages.count)
      + pages.flatMap { little(UInt32(0)) + little(UInt32(0)) + little(UInt64($0)) }
  }

  static func bucket(at page: Int) -> [UInt8] { little(UInt64(page)) + little(UInt64(0)) }

  static func inline(_ elements: [(String, [UInt8], isBucket: Bool)]) -> [UInt8] {
    bucket(at: 0) + leaf(0, elements)
  }

  private static func meta(_ number: Int, root: Int, pages: Int, transaction: Int) -> [UInt8] {
    let body =
      little(UInt32(0xed0c_daed)) + little(UInt32(2)) + little(UInt32(bytes)) + little(UInt32(0))
      + bucket(at: root) + little(UInt64.max) + little(UInt64(pages)) + little(UInt64(transaction))
    let sum = body.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    return head(number, kind: 4, count: 0) + body + little(sum)
  }

  /// The file, with the roots of both states.
  func file(roots: (Int, Int) = (2, 2), transactions: (Int, Int) = (4, 3)) -> [UInt8] {
    let padded = others.flatMap { page in
      page + [UInt8](repeating: 0, count: (Self.bytes - page.count % Self.bytes) % Self.bytes)
    }
    let count = 2 + padded.count / Self.bytes
    let metas = [(0, roots.0, transactions.0), (1, roots.1, transactions.1)].map {
      Self.meta($0.0, root: $0.1, pages: count, transaction: $0.2)
    }
    return metas.flatMap { $0 + [UInt8](repeating: 0, count: Self.bytes - $0.count) } + padded
  }

  /// A root page with a name space that has its images in a bucket.
  static func root(_ number: Int, space: String, images: [UInt8]) -> [UInt8] {
    let space = (space, inline([("images", images, isBucket: true)]), isBucket: true)
    return leaf(
      number, [("v1", inline([space, ("version", [6], isBucket: false)]), isBucket: true)])
  }

  static func image(_ name: String, _ digest: String) -> (String, [UInt8], isBucket: Bool) {
    let target = inline([("digest", Array(digest.utf8), isBucket: false)])
    let created: [UInt8] = [1, 0, 0, 0, 0x0e, 0xe2, 0x9b, 0xd3, 0xac, 0, 0, 0, 0, 0xff, 0xff]
    return (
      name,
      inline([("createdat", created, isBucket: false), ("target", target, isBucket: true)]),
      isBucket: true
    )
  }
}

/// The form of containerd's database, put together byte by byte.
struct BoltFileTests {
  private static let database = "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func names(_ bytes: [UInt8]) throws -> [String] {
    // Some file systems wait for the disk where a file is written over.
    unlink(tree.path(Self.database))
    try tree.write(Self.database, bytes)
    return try ContainerImageCollector().collect(from: tree.machine).map { $0["Repository"] ?? "" }
  }

  /// Three leaves below a branch; one has a page that follows it.
  private var branched: Pages {
    var pages = Pages()
    pages.others = [
      Pages.root(2, space: "s", images: Pages.bucket(at: 3)), Pages.branch(3, to: [4, 5, 7]),
      Pages.leaf(4, [Pages.image("a/b:1", "sha256:aa")]),
      Pages.leaf(5, [Pages.image("c", String(repeating: "d", count: 1000))]),
      Pages.leaf(7, [Pages.image("e@sha256:ee", "sha256:ee"), Pages.image("sha256:ff", "g")]),
    ]
    return pages
  }

  @Test func `buckets are followed through branches, long pages and pages inside others`() throws {
    try tree.write(Self.database, branched.file())
    let items = try ContainerImageCollector().collect(from: tree.machine)
    let base: Item = [
      "Engine": "containerd", "Namespace": "s", "Created": "2026-11-27T19:40:28Z",
    ]
    func item(_ values: [String: String]) -> Item {
      Item(
        Dictionary(uniqueKeysWithValues: base.attributes.map { ($0.name, $0.value) }).merging(
          values
        ) { $1 })
    }
    #expect(
      items == [
        item(["Digest": "sha256:ff", "ImageId": "g"]),
        item(["Repository": "a/b", "Tag": "1", "ImageId": "sha256:aa"]),
        item(["Repository": "c", "ImageId": String(repeating: "d", count: 1000)]),
        item(["Repository": "e", "Digest": "sha256:ee", "ImageId": "sha256:ee"]),
      ])
  }

  @Test func `the newest state that is whole counts`() throws {
    var pages = Pages()
    pages.others = ["old", "new"].enumerated().map { index, name in
      let images = Pages.inline([Pages.image(name, "d")])
      return Pages.root(2 + index, space: "s", images: images)
    }
    #expect(try names(pages.file(roots: (2, 3), transactions: (8, 9))) == ["new"])
    #expect(try names(pages.file(roots: (2, 3), transactions: (10, 9))) == ["old"])
    var bytes = pages.file(roots: (2, 3), transactions: (10, 9))
    bytes[16 + 48] ^= 1
    #expect(try names(bytes) == ["new"])
    bytes[Pages.bytes + 16 + 48] ^= 1
    #expect(throws: CollectorError.self) { try names(bytes) }
    #expect(throws: CollectorError.self) { try names([]) }
  }

  @Test func `pages in a circle are an error`() throws {
    for target in [3, 2, 0, 99] {
      var pages = branched
      pages.others[1] = Pages.branch(3, to: [4, target, 7])
      #expect(throws: CollectorError.self) { try names(pages.file()) }
    }
    // Without an end each page would lead to 60 times as many.
    var pages = branched
    pages.others[1] = Pages.branch(3, to: [Int](repeating: 3, count: 60))
    #expect(throws: CollectorError.self) { try names(pages.file()) }
  }

  @Test func `a page that says it has four billion that follow is not read`() throws {
    var bytes = branched.file()
    bytes.replaceSubrange(
      (4 * Pages.bytes + 12)..<(4 * Pages.bytes + 16), with: [0xff, 0xff, 0xff, 0xff])
    #expect(throws: CollectorError.self) { try names(bytes) }
  }

  @Test func `a file that was cut anywhere, or of which any byte changed, does no harm`() throws {
    let whole = branched.file()
    #expect(try names(whole).count == 4)
    var failures = 0
    for length in stride(from: 0, to: whole.count, by: 7) {
      #expect(throws: CollectorError.self) { try names(Array(whole[..<length])) }
    }
    for place in whole.indices where whole[place] != 0 || place % 5 == 0 {
      var bytes = whole
      bytes[place] ^= place % 2 == 0 ? 0x80 : 0x01
      do {
        #expect(try names(bytes).count <= 4)
      } catch is CollectorError {
        failures += 1
      }
    }
    #expect(failures > 50)
  }

  @Test func `a pipe in its place is an error`() throws {
    try tree.write("var/lib/containerd/io.containerd.metadata.v1.bolt/x", "")
    #expect(mkfifo(tree.path(Self.database), 0o600) == 0)
    #expect(throws: CollectorError.self) {
      try ContainerImageCollector().collect(from: tree.machine)
    }
  }
}
