package import HistoryStore
package import Inventory
import PlainText
package import Times

/// Why a question is none.
package struct QuestionError: Error, CustomStringConvertible {
  /// One sentence.
  package let description: String
  /// Whether it is the id of a node that is none.
  package let isNode: Bool

  package init(_ description: String, isNode: Bool = false) {
    self.description = description
    self.isNode = isNode
  }
}

/// The arguments of a question, checked against its parameters and rules.
package struct Arguments: Sendable {
  private enum Value: Sendable {
    case text(String), texts([String]), node(NodeID), type(TypeName), time(Instant), integer(Int),
      flag(Bool)
  }

  /// How arguments are written where they are read.
  package struct Reading: Sendable {
    package var times: TimeParser
    /// Whether durations have units; else they are seconds.
    package var hasDurations: Bool
    /// What a parameter is called there.
    package var spelling: @Sendable (String) -> String
    /// Takes what a reader should be told of a time that could mean two.
    package var note: @Sendable (String) -> Void
    /// Seconds of silence after which a node counts as lost.
    package var connectionLostAfter = NodePing.lostAfterStandard

    package init(
      times: TimeParser, hasDurations: Bool = false,
      spelling: @escaping @Sendable (String) -> String = { $0 },
      note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
      self.times = times
      self.hasDurations = hasDurations
      self.spelling = spelling
      self.note = note
    }
  }

  private var values: [String: Value] = [:]
  /// The present, for what is not given.
  package let now: Instant
  /// Seconds of silence after which a node counts as lost.
  let connectionLostAfter: Int64

  /// Reads what is given, and fills in what follows from it.
  package init(
    _ question: Question, _ given: [String: [String]], _ reading: Reading
  ) throws(QuestionError) {
    now = reading.times.now
    connectionLostAfter = reading.connectionLostAfter
    for parameter in question.parameters {
      guard let texts = given[parameter.name], let text = texts.first else {
        if parameter.isRequired {
          throw QuestionError("the parameter \(reading.spelling(parameter.name)) is missing")
        }
        if let type = parameter.typeMeant { values[parameter.name] = .type(type) }
        continue
      }
      values[parameter.name] =
        parameter.isRepeatable
        ? .texts(try Self.texts(texts, parameter, reading))
        : try Self.value(text, parameter, reading)
    }
    for rule in question.rules where rule.isBroken(self) {
      throw QuestionError(rule.sentence(reading.spelling))
    }
    question.settle(&self)
    if let from = time("from"), let to = time("to"), from > to {
      let first = reading.spelling("from")
      throw QuestionError(
        given["to"] == nil
          ? "\(first) lies in the future"
          : "\(first) lies after \(reading.spelling("to")); turn them round")
    }
  }

  /// Reads what is given once each.
  package init(
    _ question: Question, _ given: [String: String], _ reading: Reading
  ) throws(QuestionError) {
    try self.init(question, given.mapValues { [$0] }, reading)
  }

  private static func texts(
    _ texts: [String], _ parameter: Parameter, _ reading: Reading
  ) throws(QuestionError) -> [String] {
    guard texts.count <= Parameter.timesMax else {
      throw QuestionError(
        "\(reading.spelling(parameter.name)) is there more than \(Parameter.timesMax) times")
    }
    for text in texts { _ = try value(text, parameter, reading) }
    return texts
  }

  private static func value(
    _ text: String, _ parameter: Parameter, _ reading: Reading
  ) throws(QuestionError) -> Value {
    let name = reading.spelling(parameter.name)
    switch parameter.kind {
    case .text(let max):
      guard !text.isEmpty, text.utf8.count <= max, !text.utf8.contains(0) else {
        throw QuestionError("\(name) has 1 to \(max) bytes, none of them NUL")
      }
      return .text(text)
    case .node:
      do throws(ReportError) { return .node(try NodeID(text)) } catch {
        throw QuestionError("\(name) \"\(text.onOneLine)\": \(error)", isNode: true)
      }
    case .type:
      if !text.contains(":"), let type = try? TypeName("AWS:" + text) { return .type(type) }
      do throws(ReportError) { return .type(try TypeName(text)) } catch {
        throw QuestionError(
          "\(name) \"\(text.onOneLine)\": \(error)"
            + didYouMean(text, among: TypeDefinition.spellings))
      }
    case .time:
      do throws(TimeParser.Failure) {
        let found = try reading.times.parse(text)
        if let note = found.note { reading.note("\(name): \(note)") }
        if parameter.isMoment, found.instant > reading.times.now {
          reading.note(
            "\(name): \(reading.times.zone.text(found.instant)) lies ahead; the answer is what is known now"
          )
        }
        return .time(found.instant)
      } catch { throw QuestionError("\(name): \(error)") }
    case .seconds(let range):
      let count = reading.hasDurations ? TimeParser.durationSeconds(text).map(Int.init) : Int(text)
      guard let count, range.contains(count) else {
        throw QuestionError(
          reading.hasDurations
            ? "\(name) \"\(text.onOneLine)\": write 1d, 6h or 15m"
            : "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return .integer(count)
    case .integer(let range):
      guard let number = Int(text), range.contains(number) else {
        throw QuestionError(
          "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return .integer(number)
    case .choice(let words):
      guard words.contains(text) else {
        let all = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        throw QuestionError("\(name) is \(all)")
      }
      return .text(text)
    case .flag:
      guard text == "true" || text == "false" else {
        throw QuestionError("\(name) is true or false")
      }
      return .flag(text == "true")
    case .position(let isLog):
      guard Position(text) != nil || isLog && Position.number(text) != nil else {
        throw QuestionError(
          isLog
            ? "\(name) is a sequence number, or what X-Stocktake-Next said"
            : "\(name) is what X-Stocktake-Next said")
      }
      return .text(text)
    }
  }

  // MARK: Values

  /// A text; nil where it is not given.
  package func text(_ name: String) -> String? {
    if case .text(let text) = values[name] { text } else { nil }
  }

  /// The texts of a parameter that can be given more than once.
  func texts(_ name: String) -> [String] {
    if case .texts(let texts) = values[name] { texts } else { [] }
  }

  /// A time; nil where it is not given and nothing follows.
  package func time(_ name: String) -> Instant? {
    if case .time(let time) = values[name] { time } else { nil }
  }

  /// A number; nil where it is not given and nothing follows.
  package func integer(_ name: String) -> Int? {
    if case .integer(let number) = values[name] { number } else { nil }
  }

  /// Whether a flag is set.
  package func flag(_ name: String) -> Bool {
    if case .flag(let flag) = values[name] { flag } else { false }
  }

  /// The id of a node; nil where it is not given.
  package func node(_ name: String) -> NodeID? {
    if case .node(let node) = values[name] { node } else { nil }
  }

  /// The node that the question is about.
  var node: NodeID { node("id") ?? NodeID(stored: "") }

  /// The inventory type, if one is named.
  package var type: TypeName? {
    if case .type(let type) = values["type"] { type } else { nil }
  }

  /// The type of a question that is about items of one.
  package var typeOfItems: TypeName { type ?? .application }

  /// The name of an item, or a pattern of names.
  package var name: String { text("name") ?? "" }

  /// Rows that the page can have.
  var limit: Int { integer("limit") ?? Parameter.limitStandard }

  /// Whether first observations are rows of their own.
  var foldsFirst: Bool { text("new-nodes") == "fold" }

  /// Whether a range of time is asked about.
  package var hasRange: Bool { time("from") != nil || time("to") != nil }

  /// The place to go on from; nil for the beginning.
  var position: Position? { text("after").flatMap { Position($0) } }

  /// The times of the whole answer.
  package var moment: Moment {
    Moment(at: time("at"), knownAt: time("known-at"), through: position?.through)
  }

  /// Gives a parameter a time.
  mutating func set(_ name: String, _ time: Instant) {
    values[name] = .time(time)
  }

  /// Gives a parameter a number.
  package mutating func set(_ name: String, _ number: Int) {
    values[name] = .integer(number)
  }

  /// Goes on behind a page.
  package mutating func goOn(after next: String) {
    values["after"] = .text(next)
  }

  // MARK: As a request

  /// The arguments as texts that mean the same anywhere: times in UTC, durations in seconds.
  package func portable(_ parameter: Parameter) -> [String] {
    switch values[parameter.name] {
    case .text(let text): [text]
    case .texts(let texts): texts
    case .node(let node): [node.text]
    case .type(let type): [type.text]
    case .time(let time): [time.description]
    case .integer(let number): [String(number)]
    case .flag(let flag): flag ? ["true"] : []
    case nil: []
    }
  }
}

/// A place in a list that is the same however often it is asked for: how many of the changes that were
/// known through a log record have been passed.
struct Position: Sendable {
  var through: SequenceNumber
  var offset: Int

  init(through: SequenceNumber, offset: Int) {
    self.through = through
    self.offset = offset
  }

  /// Reads `812.1000`.
  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let through = Self.number(parts[0]), let offset = Self.number(parts[1])
    else { return nil }
    self.init(through: SequenceNumber(through), offset: Int(offset))
  }

  var text: String { "\(through).\(offset)" }

  /// Digits, 15 at most.
  static func number(_ text: some StringProtocol) -> UInt64? {
    guard (1...15).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) })
    else { return nil }
    return UInt64(text)
  }
}
