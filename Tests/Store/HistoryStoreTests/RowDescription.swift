import Digests
import Inventory
import PackedBytes

@testable import HistoryStore

/// A row of any table, decoded by the store's own code: in words, and encoded again.
struct RowDescription {
  /// One line for each part, as docs/format.md shows them.
  var lines: [String] = []
  /// The key, made again from what was read.
  var key: [UInt8] = []
  /// The value, made again from what was read.
  var value: [UInt8] = []

  /// Decodes a row of a table.
  init(table: String, key: [UInt8], value: [UInt8]) throws {
    var keyReader = ByteReader(key.span.bytes)
    let reader = ByteReader(value.span.bytes)
    switch table {
    case "meta" where key == RowSums.key: sums(value)
    case "meta": try meta(value)
    case "scopes": try scope(&keyReader, value)
    case "log": try log(&keyReader, value)
    case "chain": try chain(&keyReader, value)
    case "seen": try seen(&keyReader, value)
    case "dictionary": try dictionary(&keyReader, reader)
    case "shapes": try shape(&keyReader, value)
    case "schemas": try schema(&keyReader, value)
    case "nodes": try node(&keyReader, value)
    case "node-numbers": try nodeNumber(&keyReader, reader)
    case "timeline": try timeline(&keyReader, value)
    case "tails": try tail(&keyReader, value)
    case "keyframes": try keyframe(&keyReader, value)
    case "hashes": try hash(&keyReader, value)
    case "identities": try identity(&keyReader, reader)
    case "holders": try holders(&keyReader, value)
    case "activity": try activity(&keyReader, value)
    case "erasures": try erasure(&keyReader, value)
    default: throw StoreError(.notAStore, "no table \(table)")
    }
  }

  private mutating func meta(_ value: [UInt8]) throws {
    let row = try MetaRow(value.span.bytes)
    lines = [
      "format \(row.format), next sequence number \(row.nextSequence)",
      "last recorded \(Instant(milliseconds: row.lastRecorded))",
      "catalog generation \(row.catalogGeneration), erasure generation \(row.erasureGeneration)",
    ]
    if let id = row.id { lines.insert("id \(id)", at: 1) }
    key = MetaRow.key
    self.value = row.encoded()
  }

  private mutating func sums(_ value: [UInt8]) {
    lines = ["sums over the rows of \((value.count - 4) / 8) tables"]
    key = RowSums.key
    self.value = value
  }

  private mutating func scope(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let number: ScopeNumber = try reader.bigEndian()
    let row = try ScopeRow(value.span.bytes)
    lines = [
      "scope \(number): \(row.scope)",
      "chain head \(row.head.description.prefix(16))…",
      "\(row.recordCount) records, last \(row.lastSequence), \(row.rewrittenCount) rewritten",
      "next node \(row.nextNode), type \(row.nextType), shape \(row.nextShape), "
        + "content \(row.nextContent), identity \(row.nextIdentity)",
    ]
    for (index, source) in row.sources.enumerated() {
      lines.append("source \(index + 1): \(Self.text(source))")
    }
    key = Key.scope(number)
    self.value = row.encoded()
  }

  private mutating func log(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let number: UInt64 = try reader.bigEndian()
    let sequence = number & Key.sequenceMax
    let scope = ScopeNumber(number >> 48)
    let record = try LogRecord(value.span.bytes, sequence: sequence)
    lines = ["scope \(scope), sequence number \(sequence)"]
    if let digest = record.originalDigest {
      lines.append("rewritten; digest before \(digest.description.prefix(16))…")
    }
    lines.append("recorded \(Instant(milliseconds: record.recorded))")
    lines += Self.lines(record.body)
    key = Key.log(scope, sequence)
    self.value = record.encoded(sequence: sequence)
  }

  private mutating func chain(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let number: UInt64 = try reader.bigEndian()
    guard let link = SHA256Digest(bytes: value) else { return }
    lines = [
      "scope \(number >> 48), sequence number \(number & Key.sequenceMax)",
      "link \(link.description.prefix(16))…",
    ]
    key = Key.log(ScopeNumber(number >> 48), number & Key.sequenceMax)
    self.value = link.bytes
  }

  private mutating func seen(_ keyReader: inout ByteReader, _ value: [UInt8]) throws {
    let scope: ScopeNumber = try keyReader.bigEndian()
    let node: NodeNumber = try keyReader.bigEndian()
    let row = try SeenRow(value.span.bytes)
    lines = [
      "scope \(scope), node \(node)", "last seen \(Instant(milliseconds: row.recorded))",
    ]
    key = Key.number(scope, node)
    self.value = row.encoded(under: key)
  }

  private mutating func dictionary(
    _ keyReader: inout ByteReader, _ reader: consuming ByteReader
  ) throws {
    let (scope, content) = try Self.number(&keyReader)
    let (sequence, count) = (try reader.varint(), try reader.varint())
    lines = [
      "scope \(scope), content \(content)",
      "defined in log record \(sequence), with \(count - 1) more after it",
    ]
    key = Key.number(scope, content)
    value = Self.varints(sequence, count)
  }

  private mutating func shape(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let (scope, number) = try Self.number(&reader)
    let names = try decodeShape(value.span.bytes)
    lines = [
      "scope \(scope), shape \(number)",
      "names: " + names.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", "),
    ]
    key = Key.number(scope, number)
    self.value = encodeShape(names)
  }

  private mutating func schema(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let scope: ScopeNumber = try reader.bigEndian()
    let type: TypeNumber = try reader.bigEndian()
    let row = try TypeRow(value.span.bytes, number: type)
    let rule =
      switch row.rule {
      case .undecided: "undecided"
      case .attributes(let names): names.joined(separator: ", ")
      case .singleton: "one item"
      case .wholeItem: "the whole item"
      }
    lines = [
      "scope \(scope), type \(type): \(row.name)",
      "identity: \(rule)\(row.isDeclared ? " (declared)" : "")",
      "deleted: \(row.deleted == 0 ? "never" : Self.time(row.deleted))",
      "versions: " + row.versions.joined(separator: ", "),
      "shapes: " + row.shapes.map(String.init).joined(separator: ", "),
    ]
    key = Key.type(scope, type)
    self.value = row.encoded()
  }

  private mutating func node(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let (scope, number) = try Self.number(&reader)
    let row = try NodeRow(value.span.bytes)
    lines = [
      "scope \(scope), node \(number): \(row.id)",
      "first recorded \(Instant(milliseconds: row.firstRecorded))",
      "status \(row.status) since \(Self.time(row.statusValid))",
      "tags since \(Self.time(row.tagsValid)): "
        + row.tags.map { "\($0.name)=\($0.value)" }.joined(separator: ", "),
    ]
    key = Key.number(scope, number)
    self.value = row.encoded()
  }

  private mutating func nodeNumber(
    _ keyReader: inout ByteReader, _ reader: consuming ByteReader
  ) throws {
    let scope: ScopeNumber = try keyReader.bigEndian()
    let rest = keyReader.remaining
    let id = String(validating: try keyReader.span(count: rest)) ?? ""
    let number = try reader.varint()
    lines = ["scope \(scope), \(id)", "node \(number)"]
    key = Key.text(scope, id)
    value = Self.varints(number)
  }

  private mutating func timeline(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let (series, place) = try Self.place(&reader)
    let chunk = try TimelineChunk(value.span.bytes, at: place)
    lines = [
      Self.line(series),
      "first entry at \(Self.time(place.valid)), record \(place.sequence)",
      "starts from \(chunk.start), \(chunk.bytesSinceKeyframe) bytes since the keyframe",
    ]
    if let prior = chunk.prior {
      lines.append(
        "before it: \(Self.time(prior.place.valid)), record \(prior.place.sequence), "
          + "version \(prior.version)\(prior.hasEnded ? ", ended" : "")"
          + (prior.source == 0 ? "" : ", from source \(prior.source)"))
    }
    for entry in chunk.entries {
      var line = Self.line(entry)
      if entry.isState {
        let changes = try PackedChanges.changes(
          from: entry.changes.span.bytes, at: entry.place.valid)
        line += ": " + Self.text(changes)
      }
      lines.append(line)
    }
    key = Key.timeline(series, place)
    self.value = chunk.encoded()
  }

  private static func line(_ entry: TimelineEntry) -> String {
    var line = "\(entry.kind) \(time(entry.place.valid)), record \(entry.place.sequence)"
    if entry.source != 0 { line += ", from source \(entry.source)" }
    if entry.isState { line += ", version \(entry.version)" }
    return line
  }

  private mutating func tail(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let series = try Self.series(&reader)
    let tail = try TimelineTail(value.span.bytes)
    lines = [Self.line(series)] + tail.entries.map(Self.line)
    key = Key.series(series)
    self.value = tail.encoded()
  }

  private mutating func keyframe(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let (series, place) = try Self.place(&reader)
    let layout = try PackedChanges.layout(from: value.span.bytes, at: place.valid)
    lines = [
      Self.line(series), "before \(Self.time(place.valid)), record \(place.sequence)",
      Self.text(Layout().changes(to: layout)),
    ]
    key = Key.timeline(series, place)
    self.value = PackedChanges.encoded(layout, at: place.valid)
  }

  private mutating func hash(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let series = try Self.series(&reader)
    let row = try HashRow(value.span.bytes)
    lines = [Self.line(series), "record \(row.sequence), ContentHash \(row.contentHash)"]
    key = Key.series(series)
    self.value = row.encoded()
  }

  private mutating func identity(
    _ keyReader: inout ByteReader, _ reader: consuming ByteReader
  ) throws {
    let scope: ScopeNumber = try keyReader.bigEndian()
    let type: TypeNumber = try keyReader.bigEndian()
    let rest = keyReader.remaining
    let identity = [UInt8](copying: try keyReader.span(count: rest))
    let (number, content) = (try reader.varint(), try reader.varint())
    let text = String(decoding: identity, as: UTF8.self).replacing("\u{0}", with: "␀")
    lines = ["scope \(scope), type \(type), \(text)", "identity \(number), content \(content)"]
    key = Key.identity(scope, type, identity)
    value = Self.varints(number, content)
  }

  private mutating func holders(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let scope: ScopeNumber = try reader.bigEndian()
    let type: TypeNumber = try reader.bigEndian()
    let identity: IdentityNumber = try reader.bigEndian()
    if reader.isAtEnd {
      lines = ["scope \(scope), type \(type), identities from \(identity)"]
      try pool(value, scope, type, identity)
    } else if type & 0x8000 != 0 {
      lines = ["scope \(scope), type \(type & 0x7fff), identity \(identity)"]
      try holderKeyframe(&reader, value, list: Key.holders(scope, type, identity))
    } else {
      lines = ["scope \(scope), type \(type), identity \(identity)"]
      try postings(&reader, value, list: Key.holders(scope, type, identity))
    }
  }

  private mutating func pool(
    _ value: [UInt8], _ scope: ScopeNumber, _ type: TypeNumber, _ base: IdentityNumber
  ) throws {
    var lists: [(identity: IdentityNumber, postings: [Posting])] = []
    try PostingPool.forEach(in: value.span.bytes, base: base) { identity, _ in
      lists.append((identity, []))
      return true
    } _: {
      lists[lists.count - 1].postings.append($0)
    }
    var writer = PostingPool.Writer()
    writer.start(at: base)
    for list in lists {
      lines.append("identity \(list.identity):")
      lines += list.postings.map { "  " + Self.line($0) }
      writer.append(list.postings[...], of: list.identity)
    }
    key = Key.holders(scope, type, base)
    self.value = writer.bytes.bytes
  }

  private mutating func holderKeyframe(
    _ reader: inout ByteReader, _ value: [UInt8], list: [UInt8]
  ) throws {
    let moment = Posting.Moment(valid: try reader.bigEndian(), node: try reader.bigEndian())
    var set = HolderSet()
    try set.take(keyframe: value.span.bytes)
    lines.append("before \(Self.time(moment.valid)) node \(moment.node)")
    var nodes: [ContentID: [String]] = [:]
    set.forEach { nodes[set.contents[$1], default: []].append("\($0)") }
    for (content, nodes) in nodes.sorted(by: { $0.key < $1.key }) {
      lines.append("content \(content) on nodes \(nodes.joined(separator: ", "))")
    }
    key = PostingRow.key(of: list, moment)
    self.value = set.keyframe()
  }

  private mutating func activity(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let scope: ScopeNumber = try reader.bigEndian()
    lines = ["scope \(scope)"]
    try postings(&reader, value, list: Key.scope(scope))
  }

  private mutating func postings(
    _ reader: inout ByteReader, _ value: [UInt8], list: [UInt8]
  ) throws {
    let moment = Posting.Moment(valid: try reader.bigEndian(), node: try reader.bigEndian())
    var head = ByteReader(value.span.bytes)
    let counts = try ContentCounts(&head)
    if let counts = counts.counts {
      let text = counts.sorted { $0.key < $1.key }.map { "\($0.value) of content \($0.key)" }
      lines.append("held before: " + (text.isEmpty ? "none" : text.joined(separator: ", ")))
    }
    var writer = ByteWriter()
    writer.append(counts.head())
    var run = PostingRun()
    run.start(at: moment)
    var postings: [Posting] = []
    try PostingRow.forEach(in: value.span.bytes, startingAt: moment) {
      postings.append($0)
      return true
    }
    for posting in postings {
      lines.append(Self.line(posting))
      run.encode(posting, into: &writer)
    }
    key = PostingRow.key(of: list, moment)
    self.value = writer.bytes
  }

  private static func line(_ posting: Posting) -> String {
    let head = "\(time(posting.valid)) node \(posting.node)"
    let event = posting.event
    return switch event.form {
    case .removed: "\(head) lost content \(event.a)"
    case .added: "\(head) gained content \(event.a)"
    case .changed: "\(head) changed content \(event.a) to \(event.b)"
    case .counts:
      "\(head) type \(event.a): \(event.b) added, \(event.c) changed, \(event.d) removed"
    }
  }

  private mutating func erasure(_ reader: inout ByteReader, _ value: [UInt8]) throws {
    let number: UInt64 = try reader.bigEndian()
    let row = try ErasureRow(value.span.bytes)
    lines = [
      "scope \(number >> 48), sequence number \(number & Key.sequenceMax)",
      "\(row.node.map { "node \($0)" } ?? "every node") before \(Self.time(row.before))",
      "recorded \(Instant(milliseconds: row.recorded)), reason: \(row.reason)",
    ]
    key = Key.log(ScopeNumber(number >> 48), number & Key.sequenceMax)
    self.value = row.encoded()
  }
}

extension RowDescription {
  static func time(_ seconds: UInt32) -> String {
    Instant(seconds: Int64(seconds)).description
  }

  static func line(_ series: Series) -> String {
    "scope \(series.scope), node \(series.node), type \(series.type)"
  }

  static func text(_ item: StoredItem) -> String {
    if item.content == 0 { return "free" }
    var text = "content \(item.content)"
    if let seconds = item.occurrence.seconds { text += " of \(Instant(seconds: seconds))" }
    if let id = item.occurrence.complexID { text += " with occurrence \(id)" }
    return text
  }

  static func text(_ changes: [SlotChange]) -> String {
    if changes.isEmpty { return "no change" }
    return changes.map { "slot \($0.slot) \(text($0.item))" }.joined(separator: "; ")
  }

  static func varints(_ values: UInt64...) -> [UInt8] {
    var writer = ByteWriter()
    for value in values { writer.append(varint: value) }
    return writer.bytes
  }

  static func number(_ reader: inout ByteReader) throws -> (ScopeNumber, UInt32) {
    let scope: ScopeNumber = try reader.bigEndian()
    return (scope, try reader.bigEndian())
  }

  static func series(_ reader: inout ByteReader) throws -> Series {
    let (scope, node) = try number(&reader)
    return Series(scope: scope, node: node, type: try reader.bigEndian())
  }

  static func place(_ reader: inout ByteReader) throws -> (Series, Place) {
    let series = try series(&reader)
    let valid: UInt32 = try reader.bigEndian()
    let high: UInt16 = try reader.bigEndian()
    let low: UInt32 = try reader.bigEndian()
    return (series, Place(valid: valid, sequence: UInt64(high) << 32 | UInt64(low)))
  }

  static func lines(_ body: LogRecord.Body) -> [String] {
    switch body {
    case .scopeOpened(let scope): return ["scope opened: \(scope)"]
    case .report(let report): return lines(report)
    case .nodeEvent(let event):
      let tags = event.tags.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
      return [
        "node \(event.node)\(event.newNode.map { " (new: \($0))" } ?? "") \(event.kind) at "
          + time(event.valid) + (tags.isEmpty ? "" : ", tags \(tags)")
      ]
    case .typeDeletion(let type, let valid): return ["type \(type) ends at \(time(valid))"]
    case .identityDeclaration(let type, let attributes):
      return ["type \(type) is matched by \(attributes.joined(separator: ", "))"]
    case .erasure(let act):
      return [
        "erased: \(act.node.map { "node \($0)" } ?? "every node") before \(time(act.before))",
        "reason: \(act.reason)", "all rewritten records: \(act.rewritten.description.prefix(16))…",
      ]
    }
  }

  private static func text(_ source: Report.Source) -> String {
    source.name + (source.tellsEveryChange ? ", tells every change" : "")
  }

  private static func lines(_ report: ReportRecord) -> [String] {
    var lines = [
      "\(report.source == 0 ? "reported" : "imported") by node \(report.node)"
        + (report.newNode.map { " (new: \($0))" } ?? "")
        + (report.source == 0 ? "" : " from source \(report.source)")
        + (report.newSource.map { " (new: \(Self.text($0)))" } ?? "")
    ]
    for (index, names) in report.shapes.enumerated() {
      lines.append("shape \(Int(report.firstShape) + index): \(names.joined(separator: ", "))")
    }
    var content = report.firstContent
    for entry in report.entries {
      var line = "type \(entry.type)\(entry.newType.map { " (new: \($0))" } ?? "")"
      if entry.isErased {
        line += ", erased"
      } else {
        line += " at \(time(entry.valid))"
      }
      if let hash = entry.contentHash { line += ", ContentHash \(hash)" }
      guard let observation = entry.observation else {
        lines.append(line + (entry.isErased ? "" : ": unchanged"))
        continue
      }
      line += ", version \(observation.version)"
      if let version = observation.newVersion { line += " (new: \(version))" }
      lines.append(line + ", base \(observation.base)")
      for definition in observation.definitions {
        lines.append("  content \(content): " + text(definition))
        content += 1
      }
      lines.append("  " + text(observation.changes))
    }
    return lines
  }

  private static func text(_ definition: Definition) -> String {
    let values = definition.values.map { "\"\(String(decoding: $0, as: UTF8.self))\"" }
      .joined(separator: ", ")
    switch definition.kind {
    case .item: return "item of shape \(definition.shape): \(values)"
    case .difference:
      return "shape \(definition.shape), as content \(definition.base), "
        + "but those of mask \(definition.present): \(values)"
    case .occurrence: return "occurrence of shape \(definition.shape): \(values)"
    case .erased: return "erased"
    }
  }
}
