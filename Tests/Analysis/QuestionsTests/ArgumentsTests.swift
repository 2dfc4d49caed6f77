import Inventory
import Testing
import Times

@testable import Questions

/// What is given is read the same way wherever it comes from.
@Suite struct ArgumentsTests {
  private static let now = Instant(seconds: 1_772_496_000)

  private static func read(
    _ question: Question, _ given: [String: String], hasDurations: Bool = false
  ) throws -> Arguments {
    try Arguments(
      question, given,
      Arguments.Reading(
        times: TimeParser(zone: .utc, now: now), hasDurations: hasDurations,
        spelling: { hasDurations ? "--\($0)" : $0 }))
  }

  private static func error(
    _ question: Question, _ given: [String: String], hasDurations: Bool = false
  ) -> String? {
    do {
      _ = try read(question, given, hasDurations: hasDurations)
      return nil
    } catch { return "\(error)" }
  }

  @Test(
    "what is no argument is named",
    arguments: [
      (Question.holders, [:], "the parameter name is missing"),
      (.holders, ["name": ""], "name has 1 to 400 bytes, none of them NUL"),
      (
        .holders, ["name": "a", "at": "2026-01-01", "to": "2026-01-02"],
        "at is one time, from and to are a range: give one or the other"
      ),
      (
        .holders, ["name": "a", "from": "2026-01-01", "to": "2026-01-01"],
        "the range from from to to is empty"
      ),
      (
        .history, ["id": "n", "from": "2026-01-02", "to": "2026-01-01"],
        "from lies after to; turn them round"
      ),
      (.changes, ["change": "gone"], "change is added, changed or removed"),
      (
        .changes, ["known-at": "2026-01-01"],
        "known-at is for a range of valid time: give from or to with it"
      ),
      (.nodes, ["tag": ""], "tag has 1 to 128 bytes, none of them NUL"),
      (.history, ["id": "n", "after": "5"], "after is what X-Stocktake-Next said"),
      (.history, ["id": "n", "limit": "0"], "limit is a whole number from 1 to 10000"),
      (.rollout, ["name": "a", "from": "2099-01-01"], "from lies in the future"),
      (
        .rollout, ["name": "a", "from": "1971-01-01", "every": "1"],
        "that are more than 10000 steps; give a longer every"
      ),
      (.diff, ["id": "n"], "compare with what? Give from, or a second node"),
      (
        .diff, ["id": "n", "at": "now"],
        "at compares two nodes; name the other one, or use from and to"
      ),
      (
        .diff, ["id": "n", "other": "m", "from": "now"],
        "two nodes are compared at one time: use at, not from and to"
      ),
      (
        .changes, ["after": "1", "from": "2026-01-01"],
        "after reads the log, from and to a range of valid time: not both"
      ),
      (
        .changes, ["after": "1.5"],
        "after goes on in a range of valid time: give from and to with it"
      ),
    ] as [(Question, [String: String], String)])
  func refusals(_ question: Question, _ given: [String: String], _ message: String) {
    #expect(Self.error(question, given) == message)
  }

  @Test func `errors name arguments as they are spelled`() throws {
    #expect(
      Self.error(
        .rollout, ["name": "a", "from": "2026-03-01", "every": "often"], hasDurations: true)
        == #"--every "often": write 1d, 6h or 15m"#)
    #expect(Self.error(.diff, ["id": "a"], hasDurations: true)?.contains("--from") == true)
    #expect(Self.error(.state, ["id": "n", "type": "x:y"])?.hasPrefix("type \"x:y\": ") == true)
  }

  @Test func `what is not given follows from what is`() throws {
    #expect(try Self.read(.holders, ["name": "a"]).time("at") == Self.now)
    let range = try Self.read(.holders, ["name": "a", "from": "2026-01-01"])
    #expect(range.time("at") == nil && range.time("to") == Self.now.advanced(bySeconds: 1))
    #expect(try Self.read(.diff, ["id": "a", "from": "2026-01-01"]).time("to") == Self.now)
    #expect(try Self.read(.diff, ["id": "a", "other": "b"]).time("to") == nil)
    #expect(try Self.read(.rollup, [:]).typeOfItems == .application)
  }

  @Test func `a request says the same`() throws {
    let arguments = try Self.read(
      .rollout, ["name": "a b", "from": "yesterday", "every": "6h"], hasDurations: true)
    let request = Question.rollout.request(arguments) { $0.replacing(" ", with: "%20") }
    #expect(request.path == "/v1/rollout")
    #expect(
      request.query
        == "name=a%20b&type=AWS:Application&from=2026-03-02T00:00:00Z"
        + "&to=2026-03-03T00:00:00Z&every=21600")
    let state = try Self.read(.state, ["id": "web-1", "type": "Application"])
    #expect(Question.state.request(state) { $0 }.path == "/v1/nodes/web-1/state")
    #expect(Question.state.request(state) { $0 }.query == "type=AWS:Application")
  }

  @Test func `what can be given again is, and has an end`() throws {
    let reading = Arguments.Reading(times: TimeParser(zone: .utc, now: Self.now))
    let arguments = try Arguments(.nodes, ["node": ["web-*", "db"], "tag": ["a=b"]], reading)
    #expect(
      Question.nodes.request(arguments) { $0 }.query == "node=web-*&node=db&tag=a=b")
    #expect(throws: QuestionError.self) {
      try Arguments(.nodes, ["node": Array(repeating: "a", count: 9)], reading)
    }
  }

  @Test func `positions are numbers of records and of rows`() {
    #expect(Position("812.1000")?.text == "812.1000")
    for text in ["", "5", ".", "1.", ".1", "1.2.3", "-1.2", "1.a", "1234567890123456.1"] {
      #expect(Position(text) == nil, "\(text)")
    }
  }
}

/// The steps of a roll-out.
@Suite struct RolloutStepTests {
  private let start = Instant(seconds: 1_772_496_000)

  private func steps(to length: Int64, every: String? = nil) throws -> [Instant] {
    var given = [
      "name": "a", "from": start.description, "to": start.advanced(bySeconds: length).description,
    ]
    given["every"] = every
    return Question.steps(
      try Arguments(
        .rollout, given,
        Arguments.Reading(times: TimeParser(zone: .utc, now: start), hasDurations: true)))
  }

  @Test func `a month has one step a day`() throws {
    let steps = try steps(to: 30 * 86400)
    #expect(steps.count == 31)
    #expect(steps.last == start.advanced(bySeconds: 30 * 86400))
  }

  @Test func `any range has at most sixty steps and never none`() throws {
    for length: Int64 in [0, 1, 59, 60, 3599, 86400, 40_000_000, 2_000_000_000, 8_000_000_000] {
      let count = try steps(to: length).count
      #expect((1...60).contains(count), "\(length) s")
    }
  }

  @Test func `a step of one's own`() throws {
    #expect(try steps(to: 7200, every: "30m").count == 5)
    #expect(throws: QuestionError.self) { try steps(to: 0, every: "often") }
    #expect(throws: QuestionError.self) { try steps(to: 86400, every: "1s") }
  }
}

@Suite struct VersionConditionTests {
  @Test(
    "a version, or those before or behind it",
    arguments: [
      ("1.0-1", ["1.0-1"]), ("=1.0-1", ["1.0-1"]), ("<1.0-1", ["1.0~rc1-1"]),
      ("<=1.0-1", ["1.0~rc1-1", "1.0-1"]), (">1.0-1", ["1.10-1", "1:0.5"]),
      (">= 1.10-1", ["1.10-1", "1:0.5"]), ("<0", []),
    ])
  func conditions(text: String, versions: [String]) {
    let condition = VersionCondition(text)
    #expect(["1.0~rc1-1", "1.0-1", "1.10-1", "1:0.5"].filter(condition.matches) == versions)
    #expect(!condition.matches(nil))
  }
}

@Suite struct NameFilterTests {
  @Test func `the pattern of a shell on the name, the id, or what identifies`() {
    let filter = NameFilter("open*")
    #expect(filter.matches(["Name": "openssl"], of: .application))
    #expect(!filter.matches(["Name": "libopen"], of: .application))
    #expect(!filter.matches(nil, of: .application))
    #expect(NameFilter(nil).matches(nil, of: .application))
    #expect(NameFilter("CVE-?").matches(["Id": "CVE-1"], of: .application))
    #expect(NameFilter("lib[ab]").matches(["Name": "liba"], of: .application))
  }
}
