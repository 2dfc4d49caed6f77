package import Digests
import JSONTape
import PackedBytes

/// Reads the JSON of a PutInventory request into its canonical form.
///
/// Reads and checks about 1 GB of JSON per second of processor time. A reader keeps its buffers; use
/// one for many reports, from one thread at a time. Unchecked because that is for its owner to see to.
package final class ReportReader: @unchecked Sendable {
  private let parser: TapeParser
  private let limits: ReportLimits
  private let hash: KeyedHash
  /// Shapes seen lately, by type: clients send few of them.
  private var shapes: [TypeName: [ItemShape]] = [:]

  /// Whether a reduced body is read.
  private var isReduced = false
  private let reduction = BodyReduction()

  /// Whether the body that is read has members that are passed over.
  private var hasUnknownMembers = false

  /// Shapes remembered per type; beyond it they are forgotten together.
  private static let shapesMax = 64

  package init(limits: ReportLimits, hash: KeyedHash) {
    self.limits = limits
    self.hash = hash
    parser = TapeParser(maxDepth: limits.nestingDepthMax)
  }

  /// Reads one report.
  ///
  /// - Parameters:
  ///   - body: the JSON text.
  ///   - known: items of the scope whose text is known; they are passed over, and their places in
  ///     the result hold what `known` says of them.
  ///   - now: our clock, for capture times that lie ahead.
  package func read(
    _ body: RawSpan, known: KnownItems? = nil, now: Instant
  ) throws(ReportError) -> CanonicalReport {
    guard body.byteCount <= limits.bodyBytesMax else {
      throw ReportError(
        .tooLarge,
        "a report has at most \(limits.bodyBytesMax) bytes, this one \(body.byteCount)")
    }
    if let known {
      let generation = reduction.reduce(body, by: known)
      let text = unsafe reduction.text
      do throws(ReportError) {
        isReduced = true
        defer { isReduced = false }
        var report = try parse(text.rawSpan, now: now)
        report.knownGeneration = generation
        return report
      } catch {
        // Whatever is wrong is told of the body as it was sent.
      }
    }
    return try parse(body, now: now)
  }

  private func parse(_ body: RawSpan, now: Instant) throws(ReportError) -> CanonicalReport {
    let parser = parser
    do throws(JSONError) {
      try parser.parse(body)
    } catch {
      throw ReportError(.malformedJSON, "not valid JSON: \(error)")
    }
    hasUnknownMembers = false
    let tape = parser.tape
    guard tape.kind(1) == .object else {
      throw ReportError(.invalidRequest, "a report is a JSON object with InstanceId and Items")
    }
    let members = try membersOf(tape, 1, ["InstanceId", "Items"], of: "the report")
    guard let nodePosition = members[0], let nodeText = text(tape, nodePosition) else {
      throw ReportError(.invalidRequest, "InstanceId is missing or not a string")
    }
    let node = try NodeID(nodeText, limits: limits)
    do throws(ReportError) {
      guard let items = members[1], tape.kind(items) == .array else {
        throw ReportError(.invalidRequest, "Items is missing or not an array")
      }
      // A NUL can only come from an escape, and escapes are rare.
      let checksForNUL = body.contains(byte: 0x5c)
      let entries = try self.entries(tape, items, checksForNUL: checksForNUL, now: now)
      var report = CanonicalReport(node: node, origin: .reported, entries: entries)
      report.hasPlainCaptureTimes =
        !hasUnknownMembers
        && !entries.contains { $0.content?.hasCaptureTimeAttribute == true }
      return report
    } catch {
      var named = error
      named.node = node.text
      throw named
    }
  }

  private func entries(
    _ tape: Tape, _ array: Int, checksForNUL: Bool, now: Instant
  ) throws(ReportError) -> [CanonicalReport.Entry] {
    var entries: [CanonicalReport.Entry] = []
    var position = array + 1
    while tape.kind(position) != .arrayEnd {
      guard entries.count < limits.entriesMax else {
        throw ReportError(
          .invalidRequest, "a report has at most \(limits.entriesMax) Items")
      }
      guard tape.kind(position) == .object else {
        throw ReportError(.invalidRequest, "Items holds something that is not an object")
      }
      let entry = try self.entry(tape, position, checksForNUL: checksForNUL, now: now)
      if entries.contains(where: { $0.type == entry.type }) {
        throw ReportError(
          .invalidItemContent, "the type is there twice in one report", type: entry.type.text)
      }
      entries.append(entry)
      position = tape.after(position)
    }
    guard !entries.isEmpty else {
      throw ReportError(.invalidRequest, "Items is empty; a report has 1 to 30")
    }
    return entries
  }

  private static let entryMembers = [
    "TypeName", "SchemaVersion", "CaptureTime", "ContentHash", "Content", "Context",
  ]

  private func entry(
    _ tape: Tape, _ object: Int, checksForNUL: Bool, now: Instant
  ) throws(ReportError) -> CanonicalReport.Entry {
    let members = try membersOf(tape, object, Self.entryMembers, of: "an inventory item")
    guard let typePosition = members[0], let typeText = text(tape, typePosition) else {
      throw ReportError(.invalidRequest, "TypeName is missing or not a string")
    }
    let type = try TypeName(typeText)
    do throws(ReportError) {
      var strings: [String?] = []
      for (index, name) in Self.entryMembers[1...3].enumerated() {
        guard let position = members[index + 1], tape.kind(position) != .null else {
          strings.append(nil)
          continue
        }
        guard let string = text(tape, position) else {
          throw ReportError(.invalidRequest, "\(name) is not a string")
        }
        strings.append(string)
      }
      let head = EntryHead(
        type: type, schemaVersion: strings[0], captureTime: strings[1], contentHash: strings[2])
      var entry = try head.checked(
        hasContent: members[4].map { tape.kind($0) != .null } ?? false, limits: limits, now: now)
      let context = try self.context(tape, members[5], type: type)
      if let position = members[4], tape.kind(position) != .null {
        entry.content = try content(
          tape, position, type: type, context: context, checksForNUL: checksForNUL)
      }
      return entry
    } catch {
      var named = error
      named.type = type.text
      throw named
    }
  }

  /// The Context's attributes, which become attributes of every item.
  private func context(
    _ tape: Tape, _ position: Int?, type: TypeName
  ) throws(ReportError) -> [(name: [UInt8], position: Int)] {
    guard let position, tape.kind(position) != .null else { return [] }
    guard tape.kind(position) == .object else {
      throw ReportError(.invalidRequest, "Context is not an object")
    }
    var result: [(name: [UInt8], position: Int)] = []
    var at = position + 1
    while tape.kind(at) != .objectEnd {
      guard tape.isString(at + 1) else {
        throw ReportError(.invalidItemContent, "Context holds a value that is not a string")
      }
      result.append(([UInt8](copying: tape.string(at)), at + 1))
      at = tape.after(at + 1)
    }
    guard result.isEmpty || type.text.hasPrefix("AWS:Compliance") else {
      throw ReportError(.unsupportedContext, "only compliance types take a Context")
    }
    return result
  }

  private func content(
    _ tape: Tape, _ array: Int, type: TypeName,
    context: [(name: [UInt8], position: Int)], checksForNUL: Bool
  ) throws(ReportError) -> CanonicalContent {
    guard tape.kind(array) == .array else {
      throw ReportError(.invalidItemContent, "Content is not an array of objects")
    }
    var builder = ContentBuilder(
      definition: .of(type), limits: limits, hash: hash,
      byteEstimate: (tape.after(array) - array) * 16)
    var known = shapes[type] ?? []
    var current = 0
    var positions: [Int] = []
    var object = array + 1
    var index = 0
    while tape.kind(object) != .arrayEnd {
      do throws(ReportError) {
        guard index < limits.itemsMax else {
          throw ReportError(
            .invalidItemContent, "a type has at most \(limits.itemsMax) items in one report")
        }
        if isReduced, tape.isString(object),
          let marker = reduction.marker(tape.string(object))
        {
          guard context.isEmpty else {
            throw ReportError(.invalidItemContent, "known items take no Context")
          }
          switch marker {
          case .run(let run):
            index += run.count
            guard index <= limits.itemsMax else {
              throw ReportError(.invalidItemContent, "more items than a type has")
            }
            try append(run, type: type, to: &builder)
          case .text(let text):
            builder.noteText(text)
          }
          object = tape.after(object)
          continue
        }
        guard tape.kind(object) == .object else {
          throw ReportError(.invalidItemContent, "Content holds something that is not an object")
        }
        try collectPositions(tape, object, context: context, into: &positions)
        if current >= known.count || !matches(tape, positions, known[current]) {
          current = try findShape(tape, positions, in: &known, builder: builder)
        }
        try builder.append(
          known[current], checksForNUL: checksForNUL,
          values: TapeValues(tape: tape, positions: positions.span))
      } catch {
        var named = error
        named.itemIndex = index
        throw named
      }
      object = tape.after(object)
      index += 1
    }
    if known.count > Self.shapesMax { known.removeAll() }
    shapes[type] = known
    return builder.content
  }

  /// Appends a run of known items.
  private func append(
    _ run: Range<Int>, type: TypeName, to builder: inout ContentBuilder
  ) throws(ReportError) {
    // For most bodies, with one long list of items, this is what they come to.
    unsafe builder.reserve(reduction.items.count + reduction.markers.count - run.lowerBound)
    var checked: UInt32?
    for item in unsafe reduction.items[run] {
      guard item.type == checked || reduction.types[Int(item.type)] == type else {
        throw ReportError(.invalidItemContent, "the text is known as an item of another type")
      }
      checked = item.type
      builder.append(known: item.content, occurrence: item.occurrence)
    }
  }

  /// Lists where each attribute's name stands; its value follows it.
  private func collectPositions(
    _ tape: Tape, _ object: Int, context: [(name: [UInt8], position: Int)],
    into positions: inout [Int]
  ) throws(ReportError) {
    positions.removeAll(keepingCapacity: true)
    for attribute in context { positions.append(attribute.position - 1) }
    var at = object + 1
    let end = tape.after(object) - 1
    while at < end {
      guard tape.isString(at + 1) else {
        throw ReportError(
          .invalidItemContent, "a value is not a string; numbers are sent as \"42\"",
          attribute: text(tape, at))
      }
      positions.append(at)
      at += 2
    }
  }

  private func matches(_ tape: Tape, _ positions: [Int], _ shape: ItemShape) -> Bool {
    guard positions.count == shape.sent.count else { return false }
    let text = shape.text.rawSpan
    let sent = shape.sent.span
    for index in sent.indices
    where !tape.string(positions[index]).isEqual(to: text.extracting(sent[index])) {
      return false
    }
    return true
  }

  private func findShape(
    _ tape: Tape, _ positions: [Int], in known: inout [ItemShape],
    builder: ContentBuilder
  ) throws(ReportError) -> Int {
    for index in known.indices where matches(tape, positions, known[index]) { return index }
    var names: [[UInt8]] = []
    for position in positions { names.append([UInt8](copying: tape.string(position))) }
    known.append(try builder.shape(names: names))
    return known.count - 1
  }

  private func text(_ tape: Tape, _ position: Int) -> String? {
    tape.isString(position) ? String(validating: tape.string(position)) : nil
  }

  /// Finds members by name; others are passed over, as Systems Manager does, but none may be twice.
  private func membersOf(
    _ tape: Tape, _ object: Int, _ names: [String], of what: String
  ) throws(ReportError) -> [Int?] {
    var found = [Int?](repeating: nil, count: names.count)
    var seen: Set<String> = []
    var position = object + 1
    while tape.kind(position) != .objectEnd {
      let name = text(tape, position) ?? ""
      guard seen.insert(name).inserted else {
        throw ReportError(.invalidRequest, "\(name.printable) is there twice in \(what)")
      }
      if let index = names.firstIndex(of: name) {
        found[index] = position + 1
      } else {
        hasUnknownMembers = true
      }
      position = tape.after(position + 1)
    }
    return found
  }
}

/// The values of an item on the tape.
private struct TapeValues: ItemValues, ~Escapable {
  let tape: Tape
  let positions: Span<Int>

  @_lifetime(copy tape, copy positions)
  init(tape: Tape, positions: Span<Int>) {
    self.tape = tape
    self.positions = positions
  }

  @_lifetime(copy self)
  func value(at position: Int) -> RawSpan { tape.string(positions[position] + 1) }
}
