import Digests
import Inventory
import LMDB
import PackedBytes
import Synchronization

/// The canonical bytes of up to 1,024 neighbouring contents; never changes once made.
final class ContentPage: Sendable {
  static let contentCount = 1024

  let bytes: [UInt8]
  /// Where each content begins, and where the last ends.
  let offsets: [UInt32]
  private let derived = Mutex(Derived())

  /// What has been worked out of the contents, for whoever asks next.
  private struct Derived {
    /// As JSON, by the occurrence attribute that they leave room for.
    var renderings: [(attribute: String?, texts: PackedTexts)] = []
    /// Identities, by the rule of a type.
    var identities: [(rule: TypeRow.Rule, texts: PackedTexts)] = []
  }

  init(bytes: [UInt8], offsets: [UInt32]) {
    self.bytes = bytes
    self.offsets = offsets
  }

  var count: Int { offsets.count - 1 }

  /// Hands over a content's bytes, borrowed.
  func withContent<R>(_ index: Int, _ body: (RawSpan) -> R) -> R {
    let bytes = bytes
    return body(bytes.rawSpan.extracting(Int(offsets[index])..<Int(offsets[index + 1])))
  }

  /// Each content as JSON; see ``PackedTexts/init(rendering:occurrenceAttribute:)``.
  func rendering(occurrenceAttribute attribute: String?) -> PackedTexts {
    derived.withLock { derived in
      if let known = derived.renderings.first(where: { $0.attribute == attribute }) {
        return known.texts
      }
      let texts = PackedTexts(rendering: self, occurrenceAttribute: attribute)
      derived.renderings.append((attribute, texts))
      return texts
    }
  }

  /// Each content's identity, with its hash beside.
  func identities(_ row: TypeRow, hash: KeyedHash) -> PackedTexts {
    derived.withLock { derived in
      if let known = derived.identities.first(where: { $0.rule == row.rule }) {
        return known.texts
      }
      var texts = PackedTexts.Builder(count: count)
      for index in 0..<count {
        let identity = withContent(index) { row.identity(of: $0) }
        texts.append(identity, number: hash.hash64(identity.rawSpan))
      }
      let made = PackedTexts(texts)
      derived.identities.append((row.rule, made))
      return made
    }
  }
}

/// The contents that an answer needs, held by reference.
struct ContentPages: Sendable {
  private(set) var pages: [ContentPage?] = []
  /// How many contents each page holds, beside the pages so that they need not be touched.
  private var counts: [Int32] = []

  func holds(_ id: ContentID) -> Bool {
    let page = Int(id) / ContentPage.contentCount
    return page < counts.count && Int(id) % ContentPage.contentCount < Int(counts[page])
  }

  /// Takes a page, unless the one that is there holds as much.
  mutating func put(_ page: ContentPage, at index: Int) {
    while pages.count <= index {
      pages.append(nil)
      counts.append(0)
    }
    guard Int(counts[index]) < page.count else { return }
    pages[index] = page
    counts[index] = Int32(page.count)
  }

  /// The first content of some items that is not here.
  func missing(in items: [StoredItem]) -> ContentID? {
    for item in items {
      if !holds(item.content) { return item.content }
      if let id = item.complexID, !holds(id) { return id }
    }
    return nil
  }

  /// The canonical bytes; call it for contents that ``holds(_:)`` only.
  func bytes(_ id: ContentID) -> [UInt8] {
    withBytes(id) { [UInt8](copying: $0) }
  }

  /// Hands over the canonical bytes, borrowed.
  func withBytes<R>(_ id: ContentID, _ body: (RawSpan) -> R) -> R {
    guard holds(id), let page = pages[Int(id) / ContentPage.contentCount] else {
      return body(RawSpan())
    }
    return page.withContent(Int(id) % ContentPage.contentCount, body)
  }

  /// The item's attributes, those of the content and those of the occurrence.
  func item(_ item: StoredItem, occurrenceAttribute: String?) -> Item {
    var attributes = attributes(item.content)
    if let seconds = item.seconds, let occurrenceAttribute {
      attributes.append(
        Item.Attribute(
          name: occurrenceAttribute, value: Instant(seconds: seconds).description))
    } else if let id = item.complexID {
      attributes.append(contentsOf: self.attributes(id))
    } else {
      return Item(sorted: attributes)
    }
    attributes.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    return Item(sorted: attributes)
  }

  /// Appends the value of one attribute of a content; false where it has none of that name.
  func appendValue(
    of attribute: RawSpan, _ id: ContentID, to bytes: inout [UInt8]
  ) -> Bool {
    guard holds(id), let page = pages[Int(id) / ContentPage.contentCount] else { return false }
    let index = Int(id) % ContentPage.contentCount
    let all = page.bytes
    var reader = ByteReader(
      all.rawSpan.extracting(Int(page.offsets[index])..<Int(page.offsets[index + 1])))
    while let name = try? reader.lengthPrefixedSpan(), let value = try? reader.lengthPrefixedSpan()
    {
      if name.isEqual(to: attribute) {
        unsafe value.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        return true
      }
    }
    return false
  }

  /// Appends the value of one attribute of an item, of its content or of its occurrence; false where it has
  /// none of that name.
  func appendValue(
    of attribute: String, _ item: StoredItem, occurrenceAttribute: String?,
    to bytes: inout [UInt8]
  ) -> Bool {
    guard item.content != 0 else { return false }
    let name = unsafe attribute.utf8Span.span.bytes
    if appendValue(of: name, item.content, to: &bytes) { return true }
    if let seconds = item.seconds {
      guard attribute == occurrenceAttribute else { return false }
      Instant(seconds: seconds).appendText(to: &bytes)
      return true
    }
    guard let id = item.complexID else { return false }
    return appendValue(of: name, id, to: &bytes)
  }

  private func attributes(_ id: ContentID) -> [Item.Attribute] {
    withBytes(id) { bytes in
      var attributes: [Item.Attribute] = []
      var reader = CanonicalAttributes(bytes)
      while let attribute = reader.next() { attributes.append(attribute) }
      return attributes
    }
  }
}

/// The pages of one store that readers have loaded, by scope; shared by all of them.
///
/// A page is loaded from the definitions in the log, which never change (an erasure, which does
/// change them, empties the cache). The lock is held to look up and to publish, never to load.
final class ContentCache: Sendable {
  private struct State {
    var erasureGeneration: UInt64 = 0
    var scopes: [ScopeNumber: ContentPages] = [:]
  }

  private let state = Mutex(State())

  func pages(_ scope: ScopeNumber, erasureGeneration: UInt64) -> ContentPages {
    state.withLock { state in
      if state.erasureGeneration != erasureGeneration {
        state = State(erasureGeneration: erasureGeneration)
      }
      return state.scopes[scope] ?? ContentPages()
    }
  }

  func publish(
    _ page: ContentPage, at index: Int, scope: ScopeNumber, erasureGeneration: UInt64
  ) {
    state.withLock { state in
      guard state.erasureGeneration == erasureGeneration else { return }
      var pages = state.scopes[scope] ?? ContentPages()
      state.scopes[scope] = nil
      pages.put(page, at: index)
      state.scopes[scope] = pages
    }
  }
}

extension TransactionView {
  /// Loads the page of contents with an index.
  func contentPage(
    _ index: Int, scope: ScopeCatalog, tables: Tables,
    values: (ContentID) throws(StoreError) -> [[UInt8]]
  ) throws(StoreError) -> ContentPage {
    let first = ContentID(index * ContentPage.contentCount)
    let end = first + ContentID(ContentPage.contentCount)
    var bytes: [UInt8] = []
    var offsets: [UInt32] = [0]
    // Content 0 is nobody's.
    if first == 0 { offsets.append(0) }
    for row in try definitionRows(from: first, to: end, scope: scope.number, tables: tables) {
      let record = try report(row.sequence, scope: scope.number, tables: tables)
      var id = record.firstContent
      for entry in record.entries {
        for definition in entry.observation?.definitions ?? [] {
          defer { id += 1 }
          guard id >= first, id < end else { continue }
          let base = definition.kind == .difference ? definition.base : 0
          var baseValues: [[UInt8]] = []
          if base >= first {
            let index = Int(base - first)
            baseValues = try split(
              bytes[Int(offsets[index])..<Int(offsets[index + 1])])
          } else if base != 0 {
            baseValues = try values(base)
          }
          if definition.kind != .erased {
            let names = try scope.shape(definition.shape)
            bytes += try decoding("log") { () throws(PackedBytesError) in
              try definition.canonicalBytes(names: names, baseValues: baseValues)
            }
          }
          offsets.append(UInt32(bytes.count))
        }
      }
    }
    return ContentPage(bytes: bytes, offsets: offsets)
  }

  private func split(_ bytes: ArraySlice<UInt8>) throws(StoreError) -> [[UInt8]] {
    let copy = Array(bytes)
    return try decoding("log") { () throws(PackedBytesError) in
      try splitCanonical(copy.rawSpan).values
    }
  }

  /// A report in the log.
  func report(
    _ sequence: UInt64, scope: ScopeNumber, tables: Tables
  ) throws(StoreError) -> ReportRecord {
    let key = Key.log(scope, sequence)
    let record = try row(key, tables.log) { bytes throws(PackedBytesError) in
      try LogRecord(bytes, sequence: sequence)
    }
    guard case .report(let report)? = record?.body else {
      throw .damaged("log record \(sequence) is missing or no report")
    }
    return report
  }

  /// The rows of the dictionary that define contents of a range, first to last.
  func definitionRows(
    from first: ContentID, to end: ContentID, scope: ScopeNumber, tables: Tables
  ) throws(StoreError) -> [(first: ContentID, sequence: UInt64, count: Int)] {
    var rows: [(first: ContentID, sequence: UInt64, count: Int)] = []
    var cursor = try storeCursor(in: tables.dictionary)
    let key = Key.number(scope, first)
    var isThere = try cursor.seek(atOrBefore: key.rawSpan)
    if !isThere { isThere = try cursor.first() }
    while isThere {
      do throws(PackedBytesError) {
        var keyReader = ByteReader(cursor.key)
        let owner: ScopeNumber = try keyReader.bigEndian()
        let start: ContentID = try keyReader.bigEndian()
        if owner > scope || (owner == scope && start >= end) { break }
        if owner == scope {
          var reader = ByteReader(cursor.value)
          let sequence = try reader.varint()
          let count = try reader.count(limit: Int(ContentID.max))
          if Int(start) + count > Int(first) { rows.append((start, sequence, count)) }
        }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    return rows
  }
}
