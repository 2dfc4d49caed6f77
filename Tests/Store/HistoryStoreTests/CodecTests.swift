import CrashSupport
import Digests
import Inventory
import PackedBytes
import Testing

@testable import HistoryStore

/// Values of the store's formats, made at random: written, read again, and read from hostile bytes.
@Suite struct CodecTests {
  private var random = SplitMix64(seed: testSeed("codecs"))

  private mutating func number(_ max: UInt64) -> UInt64 {
    min(max, random.next() >> UInt64.random(in: 0...63, using: &random))
  }

  private mutating func source() -> SourceNumber {
    Bool.random(using: &random) ? SourceNumber(number(1000)) : 0
  }

  private mutating func text() -> String {
    let scalars: [Unicode.Scalar] = ["a", "Z", "0", " ", "é", "世", "🐧", "\u{7f}"]
    let count = Int.random(in: 0...12, using: &random)
    return (0..<count).reduce(into: "") { text, _ in
      text.unicodeScalars.append(scalars.randomElement(using: &random) ?? "a")
    }
  }

  private mutating func bytes(_ max: Int) -> [UInt8] {
    (0..<Int.random(in: 0...max, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
  }

  private mutating func item() -> StoredItem {
    let occurrence: Occurrence =
      switch random.next() % 3 {
      case 0: .none
      case 1: .time(Int64(number(4_102_444_800)) - 1000)
      default: .complex(UInt32(number(UInt64(UInt32.max))))
      }
    return StoredItem(
      content: UInt32(number(UInt64(UInt32.max) - 1)) + 1, occurrence: occurrence)
  }

  private mutating func changes() -> [SlotChange] {
    var slot: UInt32 = 0
    var result: [SlotChange] = []
    for _ in 0..<Int.random(in: 0...30, using: &random) {
      slot += UInt32(number(300))
      let isFree = random.next() % 4 == 0
      result.append(SlotChange(slot: slot, item: isFree ? .free : item()))
      slot += 1
    }
    return result
  }

  @Test mutating func `slot changes are read as they were written`() throws {
    for _ in 0..<2000 {
      let changes = changes()
      let valid = UInt32(number(1 << 31))
      let bytes = PackedChanges.encoded(changes, at: valid)
      #expect(try PackedChanges.changes(from: bytes.span.bytes, at: valid) == changes)
      var layout = Layout()
      layout.apply(changes)
      let packed = PackedChanges.encoded(layout, at: valid)
      #expect(try PackedChanges.layout(from: packed.span.bytes, at: valid) == layout)
    }
  }

  @Test func `long slot changes are compressed`() throws {
    let changes = (0..<500 as Range<UInt32>).map { slot in
      SlotChange(
        slot: slot, item: StoredItem(content: slot / 2 + 1, occurrence: .time(1_767_000_000)))
    }
    let bytes = PackedChanges.encoded(changes, at: 1_767_571_200)
    #expect(bytes.count < 500 && bytes[0] == 0)
    #expect(try PackedChanges.changes(from: bytes.span.bytes, at: 1_767_571_200) == changes)
    let short = Array(bytes.dropLast())
    #expect(throws: PackedBytesError.self) {
      try PackedChanges.changes(from: short.span.bytes, at: 1_767_571_200)
    }
  }

  @Test mutating func `a tail is read as it was written`() throws {
    for _ in 0..<500 {
      var tail = TimelineTail()
      var place = Place(valid: UInt32(number(1 << 31)), sequence: number(1 << 40))
      for _ in 0..<number(12) {
        place.valid += UInt32(number(1 << 20))
        place.sequence += 1 + number(5000)
        var entry = TimelineEntry(
          kind: random.next() % 2 == 0 ? .observation : .confirmation,
          place: place)
        if entry.isState {
          entry.source = source()
          entry.version = Int(number(1 << 10))
          entry.changes = PackedChanges.none
        }
        #expect(TimelineTail.takes(entry))
        tail.entries.append(entry)
      }
      let bytes = tail.encoded()
      #expect(try TimelineTail(bytes.span.bytes) == tail)
    }
  }

  @Test mutating func `what differs between two layouts makes one into the other`() throws {
    for _ in 0..<1000 {
      var left = Layout()
      left.apply(changes())
      var right = left
      right.apply(changes())
      var result = left
      result.apply(left.changes(to: right))
      #expect(result == right)
    }
  }

  private mutating func record(recorded: Int64, sequence: UInt64) -> LogRecord {
    var record = LogRecord(recorded: recorded, body: .scopeOpened(.local))
    let node = UInt32(number(UInt64(UInt32.max)))
    let valid = UInt32(number(UInt64(UInt32.max)))
    let name = TypeName(stored: "Custom:" + text())
    switch random.next() % 8 {
    case 0: break
    case 1:
      record.body = .nodeEvent(
        NodeEvent(
          node: node, newNode: Bool.random(using: &random) ? text() : nil, valid: valid,
          kind: NodeEventKind.allCases.randomElement(using: &random) ?? .lost,
          tags: (0..<Int(number(4))).map { _ in Item.Attribute(name: text(), value: text()) }))
    case 2: record.body = .typeDeletion(type: name, valid: valid)
    case 3:
      record.body = .identityDeclaration(
        type: name, attributes: (0..<Int(number(16))).map { _ in text() })
    default: record.body = .report(report(sequence: sequence, recorded: recorded))
    }
    if random.next() % 5 == 0 {
      record.originalDigest = SHA256Digest(
        bytes: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) })
    }
    return record
  }

  private mutating func report(sequence: UInt64, recorded: Int64) -> ReportRecord {
    var report = ReportRecord(node: UInt32(number(UInt64(UInt32.max))))
    if Bool.random(using: &random) { report.newNode = text() }
    report.source = source()
    if report.source != 0, Bool.random(using: &random) {
      report.newSource = Report.Source(
        "source-\(number(100))", tellsEveryChange: Bool.random(using: &random))
    }
    let defines = Bool.random(using: &random)
    if defines {
      report.firstContent = UInt32(number(1 << 30)) + 100
      report.firstShape = UInt32(number(1 << 30))
      report.shapes = [[text(), text()], []]
    }
    var next = report.firstContent
    for _ in 0..<Int(number(4)) {
      var entry = ReportRecord.Entry(
        type: TypeNumber(number(UInt64(TypeNumber.max))),
        valid: UInt32(1_700_000_000 + number(100_000)))
      if Bool.random(using: &random) { entry.newType = text() }
      if Bool.random(using: &random) { entry.contentHash = text() }
      if Bool.random(using: &random) {
        var definitions: [Definition] = []
        for _ in 0..<(defines ? Int(number(5)) : 0) {
          definitions.append(definition(of: next))
          next += 1
        }
        let isNew = Bool.random(using: &random)
        entry.observation = ReportRecord.Observation(
          version: Int(number(1 << 20)), newVersion: isNew ? text() : nil,
          base: Bool.random(using: &random) ? 0 : 1 + number(sequence - 2),
          definitions: definitions, changes: changes())
      }
      report.entries.append(entry)
    }
    return report
  }

  private mutating func definition(of content: ContentID) -> Definition {
    let shape = UInt32(number(1 << 29))
    switch random.next() % 4 {
    case 0: return Definition(kind: .erased, shape: 0)
    case 1:
      let present = number(.max)
      return Definition(
        kind: .difference, shape: shape, base: content - 1 - UInt32(number(90)),
        present: present, values: (0..<present.nonzeroBitCount).map { _ in bytes(6) })
    default:
      let kind: Definition.Kind = Bool.random(using: &random) ? .item : .occurrence
      return Definition(
        kind: kind, shape: shape, values: (0..<Int(number(8))).map { _ in bytes(9) })
    }
  }

  @Test mutating func `log records are read as they were written, and not when cut`() throws {
    for round in 0..<1500 {
      let sequence = 10 + number(1 << 40)
      let record = record(recorded: Int64(1_700_000_000_000 + number(1 << 30)), sequence: sequence)
      let bytes = record.encoded(sequence: sequence)
      #expect(try LogRecord(bytes.span.bytes, sequence: sequence) == record)
      #expect(try LogRecord.recorded(in: bytes.span.bytes) == record.recorded)
      guard round % 20 == 0 else { continue }
      for count in 0..<bytes.count {
        let cut = Array(bytes[..<count])
        #expect(throws: PackedBytesError.self) {
          _ = try LogRecord(cut.span.bytes, sequence: sequence)
        }
      }
    }
  }

  @Test mutating func `a long log record is compressed, and not believed when it is changed`()
    throws
  {
    var report = ReportRecord(node: 1)
    report.firstContent = 1
    let definitions = (0..<100).map { number in
      Definition(
        kind: .item, shape: 1,
        values: ["package-\(number)", "https://example.org/package-\(number)"].map {
          Array($0.utf8)
        })
    }
    report.entries = [
      ReportRecord.Entry(
        type: 1, valid: 1_700_000_000,
        observation: ReportRecord.Observation(
          version: 0, base: 0, definitions: definitions, changes: []))
    ]
    let record = LogRecord(recorded: 1_700_000_000_000, body: .report(report))
    let bytes = record.encoded(sequence: 7)
    #expect(bytes.count < 1000)
    #expect(bytes[0] & 0x40 != 0)
    #expect(try LogRecord(bytes.span.bytes, sequence: 7) == record)
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      #expect(throws: PackedBytesError.self) {
        _ = try LogRecord(cut.span.bytes, sequence: 7)
      }
    }
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= UInt8(1 + number(254))
      // Damage may decode to something else, which the hash chain tells; it must not trap.
      _ = try? LogRecord(changed.span.bytes, sequence: 7)
    }
  }

  @Test mutating func `timeline chunks are read as they were written`() throws {
    for _ in 0..<1000 {
      let first = Place(
        valid: UInt32(1_600_000_000 + number(1 << 28)), sequence: 1000 + number(1 << 40))
      var entries: [TimelineEntry] = []
      for index in 0..<Int.random(in: 1...6, using: &random) {
        let kind = TimelineEntry.Kind(rawValue: UInt8(random.next() % 3)) ?? .observation
        let place =
          index == 0
          ? first
          : Place(
            valid: (entries.last?.place ?? first).valid + UInt32(number(1 << 16)),
            sequence: first.sequence - number(900) + number(5000))
        var entry = TimelineEntry(
          kind: kind, place: place)
        if entry.isState {
          entry.source = source()
          entry.version = Int(number(1 << 20))
          entry.changes = PackedChanges.encoded(changes(), at: place.valid)
        }
        entries.append(entry)
      }
      var prior: TimelineChunk.Prior?
      if Bool.random(using: &random) {
        prior = TimelineChunk.Prior(
          place: Place(
            valid: first.valid - UInt32(number(1 << 20)), sequence: number(1 << 41)),
          hasEnded: Bool.random(using: &random), source: source(),
          version: Int(number(1 << 20)))
      }
      let chunk = TimelineChunk(
        start: TimelineChunk.Start(rawValue: UInt8(random.next() % 3)) ?? .empty,
        bytesSinceKeyframe: Int(number(1 << 40)), prior: prior, entries: entries)
      let bytes = chunk.encoded()
      #expect(try TimelineChunk(bytes.span.bytes, at: chunk.place) == chunk)
    }
  }

  private mutating func posting() -> Posting {
    let form = Posting.Form(rawValue: UInt8(random.next() % 4)) ?? .added
    // Few events, so that they come again.
    var posting = Posting(
      valid: UInt32(number(1 << 31)), node: UInt32(number(UInt64(UInt32.max))), form: form,
      a: UInt32(number(random.next() % 2 == 0 ? 2 : UInt64(UInt32.max))))
    if form == .changed || form == .counts { posting.event.b = UInt32(number(1 << 30)) }
    if form == .counts {
      posting.event.c = UInt32(number(1 << 30))
      posting.event.d = UInt32(number(1 << 30))
    }
    return posting
  }

  private mutating func postings(_ count: ClosedRange<Int>) -> [Posting] {
    (0..<Int.random(in: count, using: &random)).map { _ in posting() }
      .sorted { $0.moment < $1.moment }
  }

  @Test mutating func `posting rows are read as they were written`() throws {
    for _ in 0..<1000 {
      let postings = postings(1...30)
      var writer = ByteWriter()
      var counts = ContentCounts()
      for content in 0..<number(3) {
        counts.add(.init(form: .added, a: UInt32(content) + 1), times: 1 + Int(number(1000)))
      }
      writer.append(counts.head())
      var run = PostingRun()
      run.start(at: postings[0].moment)
      for posting in postings { run.encode(posting, into: &writer) }
      var head = ByteReader(writer.bytes.span.bytes)
      #expect(try ContentCounts(&head).counts == counts.counts)
      var read: [Posting] = []
      try PostingRow.forEach(in: writer.bytes.span.bytes, startingAt: postings[0].moment) {
        read.append($0)
        return true
      }
      #expect(read == postings)
    }
  }

  @Test mutating func `pools of short lists are read as they were written`() throws {
    for _ in 0..<500 {
      let base = PostingPool.base(of: UInt32(number(UInt64(UInt32.max))))
      var lists: [IdentityNumber: [Posting]] = [:]
      for _ in 0..<number(12) { lists[base + UInt32(number(31))] = postings(1...16) }
      var writer = PostingPool.Writer()
      writer.start(at: base)
      for (identity, list) in lists.sorted(by: { $0.key < $1.key }) {
        writer.append(list[...], of: identity)
      }
      var read: [IdentityNumber: [Posting]] = [:]
      var last: IdentityNumber = 0
      try PostingPool.forEach(in: writer.bytes.bytes.span.bytes, base: base) { identity, _ in
        last = identity
        return true
      } _: { posting in
        read[last, default: []].append(posting)
      }
      #expect(read == lists)
    }
  }

  @Test mutating func `keyframes of holders are read as they were written`() throws {
    for _ in 0..<500 {
      var set = HolderSet()
      var held: [String] = []
      for _ in 0..<number(300) {
        let (node, content) = (UInt32(number(3000)), UInt32(number(20)) + 1)
        if random.next() % 4 == 0, held.contains("\(node) \(content)") {
          set.remove(node, set.index(of: content))
          held.remove(at: held.firstIndex(of: "\(node) \(content)") ?? 0)
        } else {
          set.add(node, set.index(of: content))
          held.append("\(node) \(content)")
        }
      }
      var read = HolderSet()
      try read.take(keyframe: set.keyframe().span.bytes)
      var found: [String] = []
      read.forEach { found.append("\($0) \(read.contents[$1])") }
      #expect(found.sorted() == held.sorted())
      #expect(read.count == held.count && set.count == held.count)
      #expect(read.keyframe() == set.keyframe())
    }
  }

  @Test mutating func `hostile bytes give errors and never a crash`() throws {
    func tryAll(_ bytes: [UInt8]) {
      _ = try? PackedChanges.changes(from: bytes.span.bytes, at: 5)
      _ = try? TimelineTail(bytes.span.bytes)
      _ = try? LogRecord(bytes.span.bytes, sequence: 5)
      _ = try? LogRecord.recorded(in: bytes.span.bytes)
      _ = try? TimelineChunk(bytes.span.bytes, at: Place(valid: 5, sequence: 5))
      try? PostingRow.forEach(in: bytes.span.bytes, startingAt: .first) { _ in true }
      try? PostingPool.forEach(in: bytes.span.bytes, base: 32) { _, _ in
        true
      } _: { _ in
      }
      var set = HolderSet()
      try? set.take(keyframe: bytes.span.bytes)
      _ = try? MetaRow(bytes.span.bytes)
      _ = try? ScopeRow(bytes.span.bytes)
      _ = try? HashRow(bytes.span.bytes)
      _ = try? NodeRow(bytes.span.bytes)
      _ = try? ErasureRow(bytes.span.bytes)
      _ = try? TypeRow(bytes.span.bytes, number: 1)
      _ = try? decodeShape(bytes.span.bytes)
      _ = try? splitCanonical(bytes.span.bytes)
    }
    for round in 0..<longForm(400, 100_000) {
      tryAll(bytes(60))
      // Nearly right is worse than random.
      let sequence: UInt64 = 1 << 40
      var bytes = record(recorded: 1_700_000_000_000, sequence: sequence)
        .encoded(sequence: sequence)
      if round % 3 == 0 { bytes = PackedChanges.encoded(changes(), at: 5) }
      for _ in 0...(round % 4) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        bytes[place] = UInt8.random(in: 0...255, using: &random)
      }
      tryAll(bytes)
    }
  }
}
