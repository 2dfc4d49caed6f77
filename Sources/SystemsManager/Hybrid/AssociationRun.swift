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

/// Runs that are not over yet: in memory alone.
///
/// A server that starts again hears of them as they end.
final class RunningAssociations: Sendable {
  private let runs = Mutex<[[UInt8]: AssociationRun]>([:])

  func run(_ row: [UInt8]) -> AssociationRun? { runs.withLock { $0[row] } }

  func set(_ row: [UInt8], _ run: AssociationRun?) { runs.withLock { $0[row] = run } }
}
