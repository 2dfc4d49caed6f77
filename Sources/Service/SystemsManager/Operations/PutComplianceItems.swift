import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let putComplianceItems = Operation(
    "PutComplianceItems", access: .writeNode, load: .report,
    input: [
      Field("ResourceId", .text(1, 100), required: true),
      Field("ResourceType", .text(1, 50), required: true),
      Field("ComplianceType", .form(.complianceType, 1, 100), required: true),
      Field(
        "ExecutionSummary",
        .structure([
          Field("ExecutionTime", .timestamp, required: true), Field("ExecutionId", .text(0, 100)),
          Field("ExecutionType", .text(0, 50)),
        ]), required: true),
      Field(
        "Items",
        .list(
          .structure([
            Field("Id", .text()), Field("Title", .text(0, 500)),
            Field("Severity", .severity, required: true),
            Field("Status", .word("COMPLIANT", "NON_COMPLIANT"), required: true),
            Field("Details", .attributeMap),
          ]), min: 0, max: 10_000), required: true),
      Field("ItemContentHash", .text(0, 256)), Field("UploadType", .word("COMPLETE", "PARTIAL")),
    ],
    errors: recordingErrors.union([
      "ComplianceTypeCountLimitExceededException", "InvalidResourceId", "InvalidResourceType",
    ])
  ) { try await $0.putComplianceItems($1) }

  /// Bytes of compliance data that a node can have for one type: the service's own limit.
  private static let complianceBytesMax = 800 * 1024
  /// Custom compliance types a node can have.
  private static let customComplianceTypesMax = 10

  /// PutComplianceItems: replaces a node's items of one compliance type.
  func putComplianceItems(_ request: AWSRequest) async throws -> JSONValue {
    let id = request.text("ResourceId") ?? ""
    let node = try resource(id, request.text("ResourceType"), writing: request)
    let type = request.text("ComplianceType") ?? ""
    if request.text("UploadType") == "PARTIAL", type != "Association" {
      throw AWSError(
        "InvalidItemContentException", "UploadType PARTIAL is for the type Association alone.")
    }
    let items = try complianceRows(request, type)
    return try await turns.take("\(request.scope) \(id)") {
      let now = Moment(asked: store.now)
      let row = ComplianceExecutions.row(id, request.scope)
      var executions = ComplianceExecutions(try store.controlRow(row))
      var known = try reading(request, now) { reader in
        guard let number = try reader.number(of: node) else { return Compliance() }
        return try Compliance(node, number, reader)
      }
      known.summaries = known.summaries.map(executions.current)
      let found = try Self.merge(request, items, type, into: &known, node)
      guard let found else { return .object([]) }
      try await record(found.report, request.scope)
      if let execution = found.confirmation {
        executions.newest[type] = execution
        try store.setControlRow(row, to: try executions.bytes)
      }
      return .object([])
    }
  }

  private func complianceRows(_ request: AWSRequest, _ type: String) throws -> [Item] {
    var rows: [Item] = []
    var byteCount = 0
    var ids: Set<String> = []
    for (position, item) in request.list("Items").enumerated() {
      let row = try Compliance.row(item, type: type, position: position)
      byteCount += row.attributes.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
      guard ids.insert(row["Id"] ?? "").inserted else {
        throw AWSError(
          "InvalidItemContentException", "There are two items with the Id '\(row["Id"] ?? "")'.")
      }
      rows.append(row)
    }
    guard byteCount <= Self.complianceBytesMax else {
      throw AWSError(
        "ItemSizeLimitExceededException",
        "The items have \(byteCount) bytes; at most \(Self.complianceBytesMax) are taken.",
        members: ["TypeName": "AWS:ComplianceItem"])
    }
    return rows
  }

  /// What is to be recorded; nil where nothing follows, or the execution is older than what is known.
  ///
  /// Where the execution found what was known it is a confirmation: the report says what the last one said.
  private static func merge(
    _ request: AWSRequest, _ items: [Item], _ type: String, into known: inout Compliance,
    _ node: NodeID
  ) throws -> (report: Report, confirmation: ComplianceExecutions.Execution?)? {
    let hash = request.text("ItemContentHash")
    let execution = request.input["ExecutionSummary"]
    guard let time = execution?["ExecutionTime"].flatMap(Timestamp.init)?.instant else {
      throw AWSError.validation("ExecutionTime is missing.")
    }
    let before = known.summary(of: type)
    if let last = before?["ExecutionTime"].flatMap(Moment.time), time < last { return nil }
    let earlier = known.items.filter { $0["ComplianceType"] == type }
    let isTold = hash.map { !$0.isEmpty && before?["ItemContentHash"] == $0 } ?? false
    if let hash, !hash.isEmpty, !isTold, items.isEmpty, type == "Association" {
      // The agent means "as the hash says", which is not known here: nothing follows from it. The
      // operation has no error by which it would send all.
      return nil
    }
    try checkCount(type, before, known)
    var mine = isTold ? earlier : items
    if request.text("UploadType") == "PARTIAL", !isTold {
      let replaced = Set(items.map { $0["Id"] ?? "" })
      mine += earlier.filter { !replaced.contains($0["Id"] ?? "") }
    }
    var summary = Compliance.summary(mine, type: type, execution: execution, hash: hash)
    var confirmation: ComplianceExecutions.Execution?
    if let before, ComplianceExecutions.areEqual(before, summary), mine.count == earlier.count,
      Set(mine) == Set(earlier)
    {
      summary = known.recorded[type] ?? before
      confirmation = .init(
        time: time.milliseconds, id: execution?["ExecutionId"]?.text ?? "",
        type: execution?["ExecutionType"]?.text ?? "", hash: hash)
    }
    return (try report(mine, summary, type, known, node, time), confirmation)
  }

  private static func checkCount(
    _ type: String, _ before: Item?, _ known: Compliance
  ) throws(AWSError) {
    guard before == nil, type.hasPrefix("Custom:") else { return }
    let others = known.summaries.filter { $0["ComplianceType"]?.hasPrefix("Custom:") == true }
    guard others.count < customComplianceTypesMax else {
      throw AWSError(
        "ComplianceTypeCountLimitExceededException",
        "A node can have \(customComplianceTypesMax) custom compliance types.")
    }
  }

  /// The node's whole compliance, with what one type has now.
  private static func report(
    _ items: [Item], _ summary: Item, _ type: String, _ known: Compliance, _ node: NodeID,
    _ time: Instant
  ) throws -> Report {
    guard let itemType = Compliance.itemType, let summaryType = Compliance.summaryType else {
      throw AWSError.internalError
    }
    let all = known.items.filter { $0["ComplianceType"] != type } + items
    let summaries = known.recorded.filter { $0.key != type }.map(\.value) + [summary]
    // What is there already holds until then; so a replacement cannot lie before it.
    let valid = max(Instant(seconds: time.seconds), known.observedAt ?? .distantPast)
    return Report(
      node: node,
      entries: [
        .init(type: itemType, schemaVersion: "1.0", captureTime: valid, content: all),
        .init(type: summaryType, schemaVersion: "1.0", captureTime: valid, content: summaries),
      ])
  }
}
