import AccessKeys
import AWSProtocol
import FoundationEssentials
package import HistoryStore
import Inventory
import JSONTape
package import NodeRegistry
import Schedules
package import SystemsManager

/// What nodes are to collect and when, how they are told, and what became of it; and activations, by which
/// they register.
///
/// Each operation is in the file of `Operations` that is named after it.
package struct Associations: Sendable {
  /// What is configurable.
  package struct Configuration: Sendable {
    /// The key of page tokens: 32 bytes that survive a restart.
    package var tokenKey: [UInt8]
    /// Seconds for which a question for messages waits.
    package var messageWaitSeconds: Int64 = 18
    /// How often a new store has all nodes collect, as `rate(12 hours)`; nil for not at all.
    package var inventorySchedule: String? = "rate(12 hours)"

    package init(tokenKey: [UInt8]) { self.tokenKey = tokenKey }
  }

  let store: HistoryStore
  let registry: NodeRegistry
  /// The nodes that are given something to do.
  let nodes: SystemsManager
  let configuration: Configuration
  let tokens: PageTokens
  let mailboxes: Mailboxes
  let running = RunningAssociations()

  package init(
    store: HistoryStore, registry: NodeRegistry, nodes: SystemsManager, configuration: Configuration
  ) {
    self.store = store
    self.registry = registry
    self.nodes = nodes
    self.configuration = configuration
    tokens = PageTokens(key: configuration.tokenKey)
    mailboxes = Mailboxes(waitSeconds: configuration.messageWaitSeconds)
  }
}

extension Associations: Upkeep {
  /// All that counts is written down at once.
  package func save(everything: Bool) {}

  /// Answers whoever waits for messages.
  package func endWaits() { mailboxes.close() }
}

extension Associations {
  /// The associations of a scope, the oldest first.
  ///
  /// A scope begins with one for all nodes.
  func associations(in scope: Scope) throws -> [Association] {
    try beginAssociations(scope)
    return try store.controlRows(prefix: Association.prefix(scope)).compactMap {
      Association($0.value)
    }.sorted { ($0.created, $0.id) < ($1.created, $1.id) }
  }

  /// Gives a scope its first association, once; Regions beyond those that an account can have get none, for
  /// questions alone would fill the store with rows.
  private func beginAssociations(_ scope: Scope) throws {
    guard let schedule = configuration.inventorySchedule,
      try store.controlRow(Association.initialRow(scope)) == nil,
      try store.controlRows(prefix: Association.initialPrefix(scope.account)).count
        < AccessKeyStore.regionsMax
    else { return }
    let targets: JSONValue = .array([
      .object([.init("Key", .string("InstanceIds")), .init("Values", .array([.string("*")]))])
    ])
    var first = Association(
      id: UUID().uuidString.lowercased(), created: store.preciseNow.milliseconds,
      input: .object([
        .init("Name", .string(GatherDocument.name)),
        .init("AssociationName", .string("Inventory-Association")),
        .init("ScheduleExpression", .string(schedule)), .init("Targets", targets),
      ]))
    first.isInitial = true
    let row = try first.bytes
    try store.updateControl(reading: [Association.initialRow(scope)]) { known in
      // Two may ask at once.
      guard known[0] == nil else { return [] }
      return [
        .init(key: Association.initialRow(scope), value: [1]),
        .init(key: Association.row(first.id, scope), value: row),
      ]
    }
  }

  func association(_ id: String?, in scope: Scope) throws -> Association {
    try beginAssociations(scope)
    guard let id, id.utf8.count == 36,
      let found = Association(try store.controlRow(Association.row(id.lowercased(), scope)))
    else {
      throw AWSError("AssociationDoesNotExist", "There is no association '\(id ?? "")'.")
    }
    return found
  }

  /// The association that a request names by its id, or by a document and a node.
  func association(_ request: AWSRequest) throws -> Association {
    if let id = request.text("AssociationId") {
      return try association(id, in: request.scope)
    }
    let name = request.text("Name") ?? ""
    let node = request.text("InstanceId")
    let found = try associations(in: request.scope).first {
      guard let terms = $0.terms() else { return false }
      return terms.name == name && terms.input["InstanceId"]?.text == node
    }
    guard let found, node != nil else {
      throw AWSError(
        "AssociationDoesNotExist", "There is no association of '\(name)' with '\(node ?? "")'.")
    }
    return found
  }

  /// What is kept of a request: all that it says of the association itself.
  static func kept(_ request: AWSRequest, _ without: Set<String>) -> JSONValue {
    .present(request.input.members.filter { !without.contains($0.name) })
  }

  func check(_ input: JSONValue) throws(AWSError) {
    let name = input["Name"]?.text ?? ""
    guard GatherDocument.isNamed(name) else {
      throw AWSError(
        "InvalidDocument",
        "There is no document '\(name)': \(GatherDocument.name) is the only one.")
    }
    try GatherDocument.checkVersion(input["DocumentVersion"]?.text)
    try GatherDocument.check(input["Parameters"])
    try Schedule.check(input["ScheduleExpression"]?.text)
    try AssociationTerms.checkTargets(input)
  }

  /// A new execution, with which nodes begin that have to run.
  func executionChange(
    _ association: Association, _ scope: Scope
  ) throws -> HistoryStore.ControlChange {
    let execution = AssociationExecution(
      version: association.versions.last?.number ?? 1, created: store.preciseNow.milliseconds)
    return .init(key: execution.row(association.id, scope), value: try execution.bytes)
  }

  /// What CreateAssociation and its kin answer.
  func description(
    _ association: Association, _ scope: Scope, version: Int? = nil
  ) throws -> JSONValue {
    guard let terms = association.terms(version) else {
      throw AWSError(
        "InvalidAssociationVersion", "There is no version \(version ?? 0) of \(association.id).")
    }
    let execution = try newestExecution(association.id, scope)
    var members = terms.input.members
    if terms.input["DocumentVersion"] == nil {
      members.append(.init("DocumentVersion", .string("$DEFAULT")))
    }
    let counts = execution?.counts ?? [:]
    members += [
      .init("AssociationId", .string(association.id)),
      .init("AssociationVersion", .string(String(terms.version.number))),
      .init("Date", .timestamp(Instant(milliseconds: association.created))),
      .init(
        "LastUpdateAssociationDate", .timestamp(Instant(milliseconds: terms.version.created))),
      // The agent, where it has a key that may ask this, reads its name without looking whether it is there.
      .init(
        "Status",
        Self.status(
          execution?.status ?? "Pending", at: execution?.last ?? association.created)),
      .init(
        "Overview",
        .object([
          .init("Status", .string(execution?.status ?? "Pending")),
          .init("DetailedStatus", .string(execution?.status ?? "Pending")),
          .init(
            "AssociationStatusAggregatedCount",
            .object(counts.sorted { $0.key < $1.key }.map { .init($0.key, .count($0.value)) })),
        ])),
      .init(
        "LastExecutionDate", .timestamp(execution?.last.map { Instant(milliseconds: $0) })),
    ]
    return .present(members)
  }
}
