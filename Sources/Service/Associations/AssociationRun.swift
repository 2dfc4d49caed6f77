import FoundationEssentials
import Inventory
import Synchronization

/// How an association last went on one node.
struct AssociationRun: Codable, Sendable {
  var status = "Pending"
  var summary = ""
  var errorCode = ""
  /// When the agent says it was, in milliseconds since 1970.
  var executed: Int64 = 0
  /// When we were told, in milliseconds since 1970.
  var recorded: Int64 = 0
  /// When it last went well, as ``executed``.
  var succeeded: Int64?
  /// What the agent had to know when it ran; another one now means that it has to run again.
  var checksum = ""
  var version = 1
  /// The execution it counts under.
  var execution = ""
  /// When this node was asked for a run of its own, in milliseconds since 1970.
  var requested: Int64 = 0
  /// The word to run that the node's agent acknowledged last: no server gives it out again.
  var acknowledged: String?

  /// When we first heard of it, in milliseconds since 1970.
  var began: Int64?
  /// How often in a row it was asked for again since reports were refused; nil for never.
  var repeats: Int?
  /// Whether it is to be asked for again.
  var isOwed: Bool?

  /// How often in a row a run is asked for again, where the server refused reports during it.
  static let repeatsMax = 3

  /// The agent's code where it could not get the document: a run that never began.
  private static let documentNotLoaded = "ListAssocError"

  /// Decides at its end whether it is to be done again: the agent itself would wait for its schedule, for
  /// all that it was the server that took no report.
  mutating func settle(refused: Bool) {
    let isOurs = refused || errorCode == Self.documentNotLoaded
    isOwed = status == "Failed" && isOurs && (repeats ?? 0) < Self.repeatsMax ? true : nil
    if status == "Success" { repeats = nil }
    if isOwed == true { repeats = (repeats ?? 0) + 1 }
  }

  /// Whether it is over.
  var isFinal: Bool { ["Success", "Failed", "TimedOut", "Skipped"].contains(status) }

  /// Milliseconds after which one that is not over is taken for lost.
  ///
  /// The agent's own limit for a document: an agent that still lives would have said how it ended.
  static let millisecondsMax: Int64 = 2 * 3600 * 1000

  /// Whether it began, and nothing was heard of it for so long that its end must have been lost.
  func isLost(now: Int64) -> Bool { !isFinal && now > recorded + Self.millisecondsMax }

  static func prefix(_ association: String, _ scope: Scope) -> [UInt8] {
    Array("r\(scope) \(association) ".utf8)
  }

  static func row(_ association: String, _ node: String, _ scope: Scope) -> [UInt8] {
    prefix(association, scope) + Array(node.utf8)
  }

  init() {}

  init?(_ row: [UInt8]?) {
    guard let row, let run = try? JSONDecoder().decode(Self.self, from: Data(row)) else {
      return nil
    }
    self = run
  }

  var bytes: [UInt8] { get throws { Array(try JSONEncoder().encode(self)) } }
}

/// One execution of an association on its nodes, with what became of it.
struct AssociationExecution: Codable, Sendable {
  var id: String
  var version: Int
  /// In milliseconds since 1970.
  var created: Int64
  var last: Int64?
  var counts: [String: Int] = [:]

  /// Executions that are kept of an association; the oldest go.
  static let keptMax = 100

  static func prefix(_ association: String, _ scope: Scope) -> [UInt8] {
    Array("e\(scope) \(association) ".utf8)
  }

  /// Rows in order of time: 14 digits reach beyond the year 5000.
  func row(_ association: String, _ scope: Scope) -> [UInt8] {
    let digits = String(created)
    return Self.prefix(association, scope)
      + Array((String(repeating: "0", count: max(0, 14 - digits.count)) + digits + id).utf8)
  }

  init(version: Int, created: Int64) {
    id = UUID().uuidString.lowercased()
    self.version = version
    self.created = created
  }

  init?(_ row: [UInt8]?) {
    guard let row, let value = try? JSONDecoder().decode(Self.self, from: Data(row)) else {
      return nil
    }
    self = value
  }

  var bytes: [UInt8] { get throws { Array(try JSONEncoder().encode(self)) } }

  /// As the service names what became of all.
  var status: String {
    if counts.isEmpty { return "Pending" }
    return counts.keys.contains { $0 == "Failed" || $0 == "TimedOut" } ? "Failed" : "Success"
  }

  /// As the service writes counts in a text.
  var countText: String {
    "{" + counts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
      + "}"
  }
}

/// Runs that are not over yet: in memory alone, under the keys of their rows.
///
/// A server that starts again hears of them as they end.
final class RunningAssociations: Sendable {
  /// Runs that are remembered; beyond it all are forgotten together, as by a server that starts again.
  static let runsMax = 1 << 18

  private let runs = Mutex<[[UInt8]: AssociationRun]>([:])

  func run(_ row: [UInt8]) -> AssociationRun? { runs.withLock { $0[row] } }

  func set(_ row: [UInt8], _ run: AssociationRun?) {
    runs.withLock { runs in
      if run != nil, runs.count >= Self.runsMax, runs[row] == nil { runs.removeAll() }
      runs[row] = run
    }
  }
}
