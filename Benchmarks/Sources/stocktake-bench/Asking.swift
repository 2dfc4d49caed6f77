import FleetModel
import Foundation

/// Asks every question several times and compares every answer.
struct Asking {
  /// What came of the questions of one kind.
  struct Outcome {
    var kind: String
    var count = 0
    var wrong = 0
    /// Lines of each question's answer: items, nodes, changes, steps.
    var lineCounts: [Int] = []
    /// The median of each question's repetitions, in microseconds.
    var times = Times()
    var usage = Usage()
    var repetitions = 0

    /// Lines of all answers.
    var units: Int { lineCounts.reduce(0, +) }
    var microsecondsPerUnit: Double { times.values.reduce(0, +) / Double(max(1, units)) }
    var cpuMicrosecondsPerUnit: Double { usage.cpu * 1e6 / Double(max(1, units * repetitions)) }

    /// What is left of each question's time when so much of it is granted to each line.
    func times(beyond microsecondsPerLine: Double) -> Times {
      Times(
        values: zip(times.values, lineCounts).map { max(0, $0 - microsecondsPerLine * Double($1)) })
    }
  }

  let questions: Questions
  let queries: [FleetQuery]
  var repetitions = 5

  /// A kind is not repeated once it has taken this long.
  private static let secondsMax = 20.0

  init(questions: Questions, queriesFile: String) throws {
    self.questions = questions
    let data = try Data(contentsOf: URL(fileURLWithPath: queriesFile))
    queries = try JSONDecoder().decode([FleetQuery].self, from: data)
  }

  init(questions: Questions, queries: [FleetQuery]) {
    self.questions = questions
    self.queries = queries
  }

  /// Kinds in the file that cannot be asked, and how many questions there are of each.
  var unknown: [String: Int] {
    queries.filter { !Questions.kinds.contains($0.q) }.reduce(into: [:]) {
      $0[$1.q, default: 0] += 1
    }
  }

  /// Asks the questions of one kind, or nil where there are none.
  func ask(_ kind: String) throws -> Outcome? {
    let asked = queries.filter { $0.q == kind }
    var prepared: [() throws -> Questions.Answer] = []
    for query in asked {
      if let question = try questions.prepared(query) { prepared.append(question) }
    }
    guard !prepared.isEmpty else { return nil }
    var outcome = Outcome(kind: kind, count: prepared.count)
    for (query, question) in zip(asked, prepared) {
      let answer = try question()
      outcome.lineCounts.append(answer.unitCount)
      let lines = try answer.lines()
      if lines.count != query.count || lines.sha256 != query.sha256 { outcome.wrong += 1 }
    }
    // Round by round: a question is not asked again while the cache still holds its answer.
    var times = [[Double]](repeating: [], count: prepared.count)
    let start = Usage.wallSeconds
    repeat {
      try outcome.usage.measure {
        for (index, question) in prepared.enumerated() {
          let before = Usage.wallSeconds
          let answer = try question()
          times[index].append((Usage.wallSeconds - before) * 1e6)
          withExtendedLifetime(answer) {}
        }
      }
      outcome.repetitions += 1
    } while outcome.repetitions < repetitions && Usage.wallSeconds - start < Self.secondsMax
    outcome.times.values = times.map { Times(values: $0).percentile(50) }
    return outcome
  }
}
