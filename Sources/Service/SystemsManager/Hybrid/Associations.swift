import AccessKeys
import AWSProtocol
import FoundationEssentials
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

// Associations as people and programs see them.

extension SystemsManager {
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
  private func association(_ request: AWSRequest) throws -> Association {
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
  private static func kept(_ request: AWSRequest, _ without: Set<String>) -> JSONValue {
    .present(request.input.members.filter { !without.contains($0.name) })
  }

  private func check(_ input: JSONValue) throws(AWSError) {
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

  /// CreateAssociation.
  func createAssociation(_ request: AWSRequest) throws -> JSONValue {
    let input = Self.kept(request, ["Tags"])
    try check(input)
    let scope = request.scope
    let all = try associations(in: scope)
    guard all.count < Association.countMax else {
      throw AWSError(
        "AssociationLimitExceeded", "There are \(Association.countMax) associations already.")
    }
    // Their order is that in which they were made, also within a millisecond.
    let created = max(store.preciseNow.milliseconds, (all.last?.created ?? 0) + 1)
    var association = Association(
      id: UUID().uuidString.lowercased(), created: created, input: input)
    association.tags = Self.tags(request)
    var changes: [HistoryStore.ControlChange] = []
    if let rival = try rival(of: association, all) {
      // What a store begins with makes way for what somebody wants.
      changes.append(.init(key: Association.row(rival.id, scope), value: nil))
    }
    changes.append(.init(key: Association.row(association.id, scope), value: try association.bytes))
    changes.append(try executionChange(association, scope))
    let complete = changes
    try store.updateControl { _ in complete }
    try wakeWaitingNodes(scope)
    return .object([.init("AssociationDescription", try description(association, scope))])
  }

  /// The one that stands in the way and may be removed; throws where it may not.
  private func rival(of new: Association, _ all: [Association]) throws -> Association? {
    guard let terms = new.terms() else { return nil }
    let rival = all.first { other in
      guard let known = other.terms() else { return false }
      if terms.isGlobal { return known.isGlobal }
      guard let id = terms.input["InstanceId"]?.text else { return false }
      return known.input["InstanceId"]?.text == id
    }
    guard let rival else { return nil }
    guard rival.isInitial else {
      throw AWSError(
        "AssociationAlreadyExists",
        "The association \(rival.id) is for the same nodes: change it with UpdateAssociation.")
    }
    return rival
  }

  /// A new execution, with which nodes begin that have to run.
  private func executionChange(
    _ association: Association, _ scope: Scope
  ) throws -> HistoryStore.ControlChange {
    let execution = AssociationExecution(
      version: association.versions.last?.number ?? 1, created: store.preciseNow.milliseconds)
    return .init(key: execution.row(association.id, scope), value: try execution.bytes)
  }

  /// UpdateAssociation: a new version.
  ///
  /// Targets and document stay where nothing is said of them; all else that is left out is gone, as
  /// in AWS.
  func updateAssociation(_ request: AWSRequest) throws -> JSONValue {
    let scope = request.scope
    var association = try association(request.text("AssociationId"), in: scope)
    guard let before = association.terms() else { throw AWSError.internalError }
    if let version = request.text("AssociationVersion"), version != "$LATEST",
      version != String(before.version.number)
    {
      throw AWSError(
        "InvalidAssociationVersion",
        "The newest version is \(before.version.number), not \(version).")
    }
    guard association.versions.count < Association.versionsMax else {
      throw AWSError(
        "AssociationVersionLimitExceeded",
        "An association has \(Association.versionsMax) versions at most.")
    }
    var members = Self.kept(request, ["AssociationId", "AssociationVersion"]).members
    for name in ["Name", "Targets", "InstanceId", "DocumentVersion"]
    where !members.contains(where: { $0.name == name }) {
      if name == "InstanceId", members.contains(where: { $0.name == "Targets" }) { continue }
      if let value = before.input[name] { members.append(.init(name, value)) }
    }
    let input = JSONValue.object(members)
    try check(input)
    association.versions.append(
      .init(
        number: before.version.number + 1, created: store.preciseNow.milliseconds,
        input: input.compact))
    association.isInitial = false
    let changes = [
      HistoryStore.ControlChange(
        key: Association.row(association.id, scope), value: try association.bytes),
      try executionChange(association, scope),
    ]
    try store.updateControl { _ in changes }
    try wakeWaitingNodes(scope)
    return .object([.init("AssociationDescription", try description(association, scope))])
  }

  /// DeleteAssociation: with its executions and what nodes said of it.
  ///
  /// What they reported stays.
  func deleteAssociation(_ request: AWSRequest) throws -> JSONValue {
    let association = try association(request)
    let scope = request.scope
    let prefixes = [
      AssociationRun.prefix(association.id, scope),
      AssociationExecution.prefix(association.id, scope),
    ]
    var changes = [
      HistoryStore.ControlChange(key: Association.row(association.id, scope), value: nil)
    ]
    for prefix in prefixes {
      changes += try store.controlRows(prefix: prefix).map { .init(key: $0.key, value: nil) }
    }
    let complete = changes
    try store.updateControl { _ in complete }
    return .object([])
  }

  /// DescribeAssociation.
  func describeAssociation(_ request: AWSRequest) throws -> JSONValue {
    let association = try association(request)
    let named = request.text("AssociationVersion")
    let version = named == "$LATEST" ? nil : named.flatMap { Int($0) }
    return .object([
      .init(
        "AssociationDescription", try description(association, request.scope, version: version))
    ])
  }

  /// ListAssociations.
  func listAssociations(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    var found = try associations(in: request.scope)
    for filter in request.list("AssociationFilterList") {
      let key = filter["key"]?.text ?? ""
      let value = filter["value"]?.text ?? ""
      found = try found.filter { try matches($0, key, value, request) }
    }
    let page = tokens.slice(found, request, token, asked: store.now)
    let rows = try page.values.map { association in
      let whole = try description(association, request.scope)
      let listed: Set<String> = [
        "Name", "InstanceId", "AssociationId", "AssociationVersion", "DocumentVersion", "Targets",
        "LastExecutionDate", "Overview", "ScheduleExpression", "AssociationName", "ScheduleOffset",
        "Duration", "TargetMaps",
      ]
      return JSONValue.object(whole.members.filter { listed.contains($0.name) })
    }
    return .present([.init("Associations", .array(rows)), .init("NextToken", .text(page.token))])
  }

  private func matches(
    _ association: Association, _ key: String, _ value: String, _ request: AWSRequest
  ) throws -> Bool {
    guard let terms = association.terms() else { return false }
    switch key {
    case "AssociationId": return association.id == value
    case "Name": return terms.name == value
    case "AssociationName": return terms.input["AssociationName"]?.text == value
    case "InstanceId":
      guard let node = try? NodeID(value) else { return false }
      return terms.covers(value, tags: try nodeTags(node, request.scope))
    case "AssociationStatusName":
      return try newestExecution(association.id, request.scope)?.status == value
    case "LastExecutedBefore", "LastExecutedAfter":
      guard let time = Moment.time(value) else { return false }
      guard let last = try newestExecution(association.id, request.scope)?.last else {
        return false
      }
      return (last < time.milliseconds) == (key == "LastExecutedBefore")
    default: return false
    }
  }

  /// ListAssociationVersions, the newest first.
  func listAssociationVersions(_ request: AWSRequest) throws -> JSONValue {
    let token = try tokens.decode(request)
    let association = try association(request.text("AssociationId"), in: request.scope)
    let page = tokens.slice(
      association.versions.reversed(), request, token, asked: store.now)
    let rows = page.values.compactMap { version -> JSONValue? in
      guard let terms = association.terms(version.number) else { return nil }
      return .object(
        terms.input.members.filter { $0.name != "InstanceId" } + [
          .init("AssociationId", .string(association.id)),
          .init("AssociationVersion", .string(String(version.number))),
          .init("CreatedDate", .timestamp(Instant(milliseconds: version.created))),
        ])
    }
    return .present([
      .init("AssociationVersions", .array(rows)), .init("NextToken", .text(page.token)),
    ])
  }

  /// StartAssociationsOnce: nodes that wait for messages run at once, others when they next ask.
  func startAssociationsOnce(_ request: AWSRequest) throws -> JSONValue {
    let scope = request.scope
    for id in request.input["AssociationIds"]?.texts ?? [] {
      _ = try association(id, in: scope)
    }
    for id in request.input["AssociationIds"]?.texts ?? [] {
      var association = try association(id, in: scope)
      association.startedOnce = store.preciseNow.milliseconds
      let changes = [
        HistoryStore.ControlChange(
          key: Association.row(association.id, scope), value: try association.bytes),
        try executionChange(association, scope),
      ]
      try store.updateControl { _ in changes }
    }
    try wakeWaitingNodes(scope)
    return .object([])
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
