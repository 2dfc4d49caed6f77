import Collectors
import FoundationEssentials
import Inventory
import JSONTape
import Schedules

/// What an agent was told to do, and when it last did: a file, for when the server is away.
package struct AgentWork: Codable {
  /// Nil until the server said something.
  var association: String?
  /// As the server wrote it; nil for none.
  package var schedule: String?
  /// The parameters of AWS-GatherSoftwareInventory, as JSON.
  var parameters = "{}"
  var checksum = ""
  /// Whether the server asked for a run now.
  var isAsked = false
  /// In seconds since 1970; nil for never.
  package var lastRun: Int64?
  /// How the last run went; nil once the server was told.
  var run: AgentRun?

  private static let fileName = "work.json"
  /// Seconds between two runs where the schedule is none that this agent keeps.
  private static let secondsDefault: Int64 = 86400

  /// The one of a folder; a new one where there is none that can be read.
  package static func read(_ folder: String) -> AgentWork {
    FileManager.default.contents(atPath: folder + "/" + fileName).flatMap {
      try? JSONDecoder().decode(Self.self, from: $0)
    } ?? AgentWork()
  }

  func write(_ folder: String) throws {
    try AgentFiles.write(Array(try JSONEncoder().encode(self)), Self.fileName, in: folder)
  }

  /// Takes what the server says.
  mutating func take(_ said: JSONValue?) {
    guard let said else {
      association = nil
      schedule = nil
      return
    }
    let status = said["DetailedStatus"]?.text
    let last = said["LastExecutionDate"].flatMap(Self.seconds)
    association = said["AssociationId"]?.text
    schedule = said["ScheduleExpression"]?.text
    parameters = said["Parameters"]?.compact ?? "{}"
    checksum = said["Checksum"]?.text ?? ""
    // It asks between two runs: what goes on by then ended without a word, as in a crash.
    isAsked = status == "Pending" || status == "InProgress" || last == nil
    if lastRun == nil, !isAsked { lastRun = last }
  }

  private static func seconds(_ time: JSONValue) -> Int64? {
    switch time {
    case .integer(let seconds): seconds
    case .number(let seconds): Int64(exactly: seconds.rounded(.down))
    default: nil
    }
  }

  /// Whether it is time to collect.
  func isDue(_ now: Instant) -> Bool {
    guard association != nil else { return false }
    guard !isAsked, let lastRun else { return true }
    guard let schedule else { return false }
    let last = Instant(seconds: lastRun)
    // Another server may have schedules of a kind that is not known here.
    guard let known = Schedule(schedule) else {
      return now >= last.advanced(bySeconds: Self.secondsDefault)
    }
    return known.next(after: last).map { now >= $0 } ?? false
  }

  /// What is to be collected: all that is on by default where the association says nothing.
  func plan() throws(CollectorError) -> CollectionPlan {
    parameters == "{}" ? CollectionPlan() : try GatherParameters.plan(json: parameters)
  }
}
