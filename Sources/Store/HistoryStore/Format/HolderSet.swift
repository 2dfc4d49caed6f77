import PackedBytes

/// The contents that something mentions, each with an index: few, mostly, and then a short search.
struct ContentTable {
  private(set) var contents: [ContentID] = []
  private var indices: [ContentID: Int] = [:]

  private static let searchedMax = 8

  mutating func index(of content: ContentID) -> Int {
    if contents.count <= Self.searchedMax {
      for index in contents.indices where contents[index] == content { return index }
    } else {
      if indices.isEmpty {
        for (index, content) in contents.enumerated() { indices[content] = index }
      }
      if let index = indices[content] { return index }
      indices[content] = contents.count
    }
    contents.append(content)
    return contents.count - 1
  }

  /// The contents that an event takes and gives, by index; -1 for none.
  mutating func indices(of event: Posting.Event) -> (removed: Int, added: Int) {
    switch event.form {
    case .removed: (index(of: event.a), -1)
    case .added: (-1, index(of: event.a))
    case .changed: (index(of: event.a), index(of: event.b))
    case .counts: (-1, -1)
    }
  }

  mutating func removeAll() {
    contents.removeAll(keepingCapacity: true)
    if !indices.isEmpty { indices.removeAll(keepingCapacity: true) }
  }
}

/// Who holds which contents at one moment, by node number.
///
/// Nodes have a cell each, in pages of 256 that are made when they are first touched: taking a
/// posting is two array accesses, and going through the holders in order needs no sorting.
struct HolderSet {
  /// The contents that were ever held; cells name them by index.
  private(set) var table = ContentTable()
  /// Where each page's cells begin, plus 1; 0 for a page without any.
  private var directory: [Int] = []
  /// The same for pages of nodes beyond a million, which are looked up.
  private var farPages: [Int: Int] = [:]
  /// Index of the content held, plus 1; 0 for none.
  private var cells: [UInt32] = []
  /// What nodes hold besides: items of one identity can be several.
  private var extras = ExtraHoldings()
  private(set) var count = 0

  private static let pageBits: UInt32 = 8
  private static let pageCount = 1 << pageBits
  private static let nearPagesMax = 1 << 12

  init() {}

  var contents: [ContentID] { table.contents }

  /// The index of a content.
  mutating func index(of content: ContentID) -> Int { table.index(of: content) }

  @inline(__always)
  private mutating func cell(_ node: NodeNumber) -> Int {
    let page = Int(node >> Self.pageBits)
    if page < directory.count, directory[page] != 0 {
      return directory[page] - 1 + Int(node) & (Self.pageCount - 1)
    }
    return addCell(node)
  }

  private mutating func addCell(_ node: NodeNumber) -> Int {
    let page = Int(node >> Self.pageBits)
    let offset = Int(node) & (Self.pageCount - 1)
    if page >= Self.nearPagesMax, let first = farPages[page] { return first + offset }
    let first = cells.count
    cells.append(contentsOf: repeatElement(0, count: Self.pageCount))
    if page >= Self.nearPagesMax {
      farPages[page] = first
    } else {
      while directory.count <= page { directory.append(0) }
      directory[page] = first + 1
    }
    return first + offset
  }

  @inline(__always)
  mutating func add(_ node: NodeNumber, _ index: Int) {
    let cell = cell(node)
    count += 1
    if cells[cell] == 0 {
      cells[cell] = UInt32(index) + 1
    } else {
      extras.add(UInt32(index) + 1, at: cell)
    }
  }

  @inline(__always)
  mutating func remove(_ node: NodeNumber, _ index: Int) {
    let cell = cell(node)
    if cells[cell] == UInt32(index) + 1 {
      cells[cell] = extras.popFirst(at: cell)
      count -= 1
    } else if extras.remove(UInt32(index) + 1, at: cell) {
      count -= 1
    }
  }

  mutating func take(_ posting: Posting) {
    let event = table.indices(of: posting.event)
    if event.removed >= 0 { remove(posting.node, event.removed) }
    if event.added >= 0 { add(posting.node, event.added) }
  }

  /// Takes a row's postings up to a valid time; false where it holds later ones.
  mutating func take(
    row: RawSpan, startingAt start: Posting.Moment, upTo limit: UInt32
  ) throws(PackedBytesError) -> Bool {
    var reader = ByteReader(row)
    try PostingRow.skipHead(&reader)
    var run = PostingRun()
    run.start(at: start)
    var set = self
    self = HolderSet()
    var events: [(removed: Int, added: Int)] = []
    var isWhole = true
    defer { self = set }
    try run.decode(&reader, define: { events.append(set.table.indices(of: $0)) }) {
      valid, node, index in
      guard valid <= limit else {
        isWhole = false
        return false
      }
      let event = events[index]
      if event.removed >= 0 { set.remove(node, event.removed) }
      if event.added >= 0 { set.add(node, event.added) }
      return true
    }
    return isWhole
  }

  /// Hands over node and index of content, in order of nodes, then contents.
  @inline(__always)
  func forEach(_ body: (NodeNumber, Int) -> Void) {
    for page in directory.indices where directory[page] != 0 {
      forEach(in: page, from: directory[page] - 1, body)
    }
    for (page, first) in farPages.sorted(by: { $0.key < $1.key }) {
      forEach(in: page, from: first, body)
    }
  }

  @inline(__always)
  private func forEach(in page: Int, from first: Int, _ body: (NodeNumber, Int) -> Void) {
    var values: [Int] = []
    for offset in 0..<Self.pageCount {
      let value = cells[first + offset]
      if value == 0 { continue }
      let node = NodeNumber(page << Int(Self.pageBits) + offset)
      guard extras.isThere(at: first + offset) else {
        body(node, Int(value) - 1)
        continue
      }
      values.removeAll(keepingCapacity: true)
      values.append(Int(value) - 1)
      extras.forEach(at: first + offset) { values.append(Int($0) - 1) }
      values.sort { contents[$0] < contents[$1] }
      for index in values { body(node, index) }
    }
  }
}

extension HolderSet {
  /// The set as a keyframe: for each holder, in order of nodes, then contents, a varint
  /// `step of the node << 2 | reference` and the content: as before, known by index, or new.
  func keyframe() -> [UInt8] {
    var holders: [(node: NodeNumber, content: ContentID)] = []
    holders.reserveCapacity(count)
    forEach { holders.append(($0, contents[$1])) }
    var writer = ByteWriter(capacity: 2 * count + 8)
    var known: [ContentID: Int] = [:]
    var node: NodeNumber = 0
    var last: ContentID = 0
    var lastNew: ContentID = 0
    for holder in holders {
      let head = UInt64(holder.node - node) << 2
      node = holder.node
      if holder.content == last {
        writer.append(varint: head)
      } else if let index = known[holder.content] {
        writer.append(varint: head | 1)
        writer.append(varint: index)
      } else {
        writer.append(varint: head | 2)
        writer.append(zigzag: Int64(holder.content) - Int64(lastNew))
        known[holder.content] = known.count
        lastNew = holder.content
      }
      last = holder.content
    }
    return writer.bytes
  }

  /// Takes all that a keyframe holds.
  mutating func take(keyframe: RawSpan) throws(PackedBytesError) {
    var reader = ByteReader(keyframe)
    var node: NodeNumber = 0
    var content: ContentID = 0
    var last = -1
    var known: [Int] = []
    while !reader.isAtEnd {
      let head = try reader.varint()
      node = node &+ NodeNumber(truncatingIfNeeded: head >> 2)
      switch head & 3 {
      case 0 where last >= 0: break
      case 1 where !known.isEmpty: last = known[try reader.count(limit: known.count - 1)]
      case 2:
        content = ContentID(truncatingIfNeeded: Int64(content) &+ (try reader.zigzag()))
        last = index(of: content)
        known.append(last)
      default:
        throw PackedBytesError(offset: reader.position, expected: "a reference to a content")
      }
      add(node, last)
    }
  }
}
