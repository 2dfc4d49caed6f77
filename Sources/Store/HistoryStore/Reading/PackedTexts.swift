import Glibc
import PackedBytes

/// Something about each content of a page: bytes, and a number beside; never changes once made.
///
/// Its memory stays in one place, so that a loop over thousands of items reads it without counting
/// references; ``ContentTexts`` keeps it alive meanwhile. Unchecked sendable because nothing
/// writes to it after it was made.
@safe final class PackedTexts: @unchecked Sendable {
  /// Where the texts lie.
  @safe struct View {
    fileprivate var bytes: UnsafePointer<UInt8>?
    fileprivate var offsets: UnsafePointer<UInt32>?
    fileprivate var numbers: UnsafePointer<UInt64>?
    fileprivate(set) var count = 0
  }

  /// Gathers texts in order.
  struct Builder {
    fileprivate var bytes: [UInt8] = []
    fileprivate var offsets: [UInt32] = [0]
    fileprivate var numbers: [UInt64] = []

    init(count: Int) {
      offsets.reserveCapacity(count + 1)
      numbers.reserveCapacity(count)
    }

    mutating func append(_ text: [UInt8], number: UInt64) {
      bytes += text
      offsets.append(UInt32(bytes.count))
      numbers.append(number)
    }
  }

  fileprivate let view: View
  private let bytes: UnsafeMutableBufferPointer<UInt8>
  private let offsets: UnsafeMutableBufferPointer<UInt32>
  private let numbers: UnsafeMutableBufferPointer<UInt64>

  init(_ builder: Builder) {
    unsafe bytes = .allocate(capacity: max(1, builder.bytes.count))
    unsafe offsets = .allocate(capacity: builder.offsets.count)
    unsafe numbers = .allocate(capacity: max(1, builder.numbers.count))
    _ = unsafe bytes.initialize(from: builder.bytes)
    _ = unsafe offsets.initialize(from: builder.offsets)
    _ = unsafe numbers.initialize(from: builder.numbers)
    unsafe view = View(
      bytes: UnsafePointer(bytes.baseAddress), offsets: UnsafePointer(offsets.baseAddress),
      numbers: UnsafePointer(numbers.baseAddress), count: builder.numbers.count)
  }

  deinit {
    unsafe bytes.deallocate()
    unsafe offsets.deallocate()
    unsafe numbers.deallocate()
  }
}

/// The texts of the contents that one answer needs, page by page as they are asked for.
@safe struct ContentTexts {
  private var contents: ContentPages
  private var views: [PackedTexts.View]
  /// Keeps alive what the views point into.
  private var texts: [PackedTexts] = []
  private let make: (ContentPage) -> PackedTexts

  init(_ contents: ContentPages, _ make: @escaping (ContentPage) -> PackedTexts) {
    self.contents = contents
    self.make = make
    views = Array(repeating: PackedTexts.View(), count: contents.pages.count)
  }

  /// Takes pages that were loaded since.
  mutating func update(_ contents: ContentPages) {
    self.contents = contents
    views = Array(repeating: PackedTexts.View(), count: contents.pages.count)
    texts = []
  }

  /// The view of a content's page; nil for a content that is not held.
  @inline(__always)
  private mutating func view(_ id: ContentID) -> PackedTexts.View? {
    let page = Int(id) / ContentPage.contentCount
    guard page < views.count else { return nil }
    if Int(id) % ContentPage.contentCount >= views[page].count, !load(page) { return nil }
    return Int(id) % ContentPage.contentCount < views[page].count ? views[page] : nil
  }

  @inline(never)
  private mutating func load(_ page: Int) -> Bool {
    guard views[page].count == 0, let content = contents.pages[page] else { return false }
    let made = make(content)
    texts.append(made)
    views[page] = made.view
    return true
  }

  /// The number beside a content's text; 0 for a content that is not held.
  @inline(__always)
  mutating func number(_ id: ContentID) -> UInt64 {
    guard let view = view(id), let numbers = unsafe view.numbers else { return 0 }
    return unsafe numbers[Int(id) % ContentPage.contentCount]
  }

  /// Hands over a content's text, borrowed, and its number.
  @inline(__always)
  mutating func withText<R>(_ id: ContentID, _ body: (RawSpan, UInt64) -> R) -> R {
    guard let view = view(id), let bytes = unsafe view.bytes, let offsets = unsafe view.offsets,
      let numbers = unsafe view.numbers
    else { return body(RawSpan(), 0) }
    let index = Int(id) % ContentPage.contentCount
    let start = Int(unsafe offsets[index])
    let count = Int(unsafe offsets[index + 1]) - start
    let text = unsafe RawSpan(_unsafeStart: bytes + start, byteCount: count)
    return body(text, unsafe numbers[index])
  }

  /// Whether two contents have the same text.
  mutating func isSame(_ a: ContentID, _ b: ContentID) -> Bool {
    guard a != b else { return true }
    guard let left = view(a), let right = view(b) else { return false }
    return left.isSame(
      Int(a) % ContentPage.contentCount, as: Int(b) % ContentPage.contentCount, of: right)
  }
}

extension PackedTexts.View {
  /// Whether one text here and one of another page are the same bytes.
  fileprivate func isSame(_ index: Int, as other: Int, of page: Self) -> Bool {
    guard let offsets = unsafe offsets, let bytes = unsafe bytes,
      let otherOffsets = unsafe page.offsets, let otherBytes = unsafe page.bytes
    else { return false }
    let count = Int(unsafe offsets[index + 1] - offsets[index])
    guard count == Int(unsafe otherOffsets[other + 1] - otherOffsets[other]) else { return false }
    let left = unsafe bytes + Int(offsets[index])
    let right = unsafe otherBytes + Int(otherOffsets[other])
    return unsafe memcmp(left, right, count) == 0
  }
}
