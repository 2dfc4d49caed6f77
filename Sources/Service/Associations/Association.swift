import AWSProtocol
import FoundationEssentials
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

/// What some nodes are to collect, and when: a control row, with all its versions.
struct Association: Codable, Sendable {
  struct Version: Codable, Sendable {
    var number: Int
    /// In milliseconds since 1970.
    var created: Int64
    /// The members of the request that made it, as JSON: what was said is said again as it was.
    var input: String
  }

  var id: String
  /// In milliseconds since 1970.
  var created: Int64
  var versions: [Version]
  /// When StartAssociationsOnce last asked for a run, in milliseconds since 1970.
  var startedOnce: Int64 = 0
  var tags: [Activation.Tag] = []
  /// Whether it is the one that a new store begins with, as it was.
  var isInitial = false

  /// Versions one can have.
  static let versionsMax = 1000
  /// Associations in a scope.
  ///
  /// Source: the service's quotas.
  static let countMax = 2000

  static func prefix(_ scope: Scope) -> [UInt8] { Array("o\(scope) ".utf8) }
  static func row(_ id: String, _ scope: Scope) -> [UInt8] { prefix(scope) + Array(id.utf8) }
  /// Says that a scope had its first association.
  static func initialRow(_ scope: Scope) -> [UInt8] { Array("i\(scope)".utf8) }
  /// What the rows of all Regions of an account begin with.
  static func initialPrefix(_ account: String) -> [UInt8] { Array("i\(account)/".utf8) }

  init(id: String, created: Int64, input: JSONValue) {
    self.id = id
    self.created = created
    versions = [Version(number: 1, created: created, input: input.compact)]
  }

  init?(_ row: [UInt8]?) {
    guard let row, let value = try? JSONDecoder().decode(Self.self, from: Data(row)) else {
      return nil
    }
    self = value
  }

  var bytes: [UInt8] { get throws { Array(try JSONEncoder().encode(self)) } }

  /// What a version says; the newest where none is named.
  func terms(_ number: Int? = nil) -> AssociationTerms? {
    let version = number.map { number in versions.first { $0.number == number } } ?? versions.last
    guard let version,
      let input = try? JSONValue(parsing: Array(version.input.utf8))
    else { return nil }
    return AssociationTerms(version: version, input: input)
  }
}

/// One version of an association, read.
struct AssociationTerms {
  var version: Association.Version
  var input: JSONValue

  /// The errors of operations that take or tell terms.
  static let errors: Set<String> = [
    "InvalidAssociationVersion", "InvalidDocument", "InvalidDocumentVersion", "InvalidParameters",
    "InvalidSchedule", "InvalidTarget",
  ]

  var schedule: String? { input["ScheduleExpression"]?.text }
  var name: String { input["Name"]?.text ?? GatherDocument.name }

  /// Whether it is for all nodes.
  var isGlobal: Bool {
    targets.contains {
      $0["Key"]?.text == "InstanceIds" && $0["Values"]?.texts.contains("*") == true
    }
  }

  var targets: [JSONValue] { input["Targets"]?.elements ?? [] }

  /// Whether a node is among its targets; all of several must hold.
  func covers(_ node: String, tags: Tags) -> Bool {
    if let id = input["InstanceId"]?.text { return id == node }
    return !targets.isEmpty
      && targets.allSatisfy { target in
        let key = target["Key"]?.text ?? ""
        let values = target["Values"]?.texts ?? []
        if key == "InstanceIds" { return values.contains("*") || values.contains(node) }
        if key == "tag-key" { return values.contains { tags[$0] != nil } }
        return tags[String(key.dropFirst(4))].map(values.contains) ?? false
      }
  }

  /// Holds targets to what is known here.
  static func checkTargets(_ input: JSONValue) throws(AWSError) {
    guard input["InstanceId"] == nil else { return }
    let targets = input["Targets"]?.elements ?? []
    guard !targets.isEmpty else {
      throw AWSError(
        "InvalidTarget", "Name the nodes with Targets, as Key=InstanceIds,Values=* for all.")
    }
    for target in targets {
      let key = target["Key"]?.text ?? ""
      guard key == "InstanceIds" || key == "tag-key" || (key.hasPrefix("tag:") && key.count > 4)
      else {
        throw AWSError(
          "InvalidTarget",
          "The target key '\(key)' isn't known: InstanceIds, tag:<name> and tag-key are.")
      }
      guard target["Values"]?.texts.isEmpty == false else {
        throw AWSError("InvalidTarget", "The target '\(key)' has no values.")
      }
    }
  }
}
