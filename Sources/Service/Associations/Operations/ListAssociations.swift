import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import SystemsManager

extension Associations {
  static let listAssociations = Operation(
    "ListAssociations", access: .read, load: .lookup,
    input: [
      Field(
        "AssociationFilterList",
        .list(
          .structure([
            Field(
              "key",
              .word(
                "InstanceId", "Name", "AssociationId", "AssociationStatusName",
                "LastExecutedBefore",
                "LastExecutedAfter", "AssociationName", "ResourceGroupName"), required: true),
            Field("value", .text(1), required: true),
          ]), min: 1)), .nextToken, .maxResults(),
    ],
    errors: ["InvalidAssociationVersion", "InvalidNextToken"]
  ) { try $0.listAssociations($1) }

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
      return terms.covers(value, tags: try nodes.tags(of: node, in: request.scope))
    case "AssociationStatusName":
      return try newestExecution(association.id, request.scope)?.status == value
    case "LastExecutedBefore", "LastExecutedAfter":
      guard let time = SystemsManager.time(value) else { return false }
      guard let last = try newestExecution(association.id, request.scope)?.last else {
        return false
      }
      return (last < time.milliseconds) == (key == "LastExecutedBefore")
    default: return false
    }
  }
}
