import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let describeInstanceProperties = Operation(
    "DescribeInstanceProperties", access: .read, load: .question,
    input: [
      Field(
        "InstancePropertyFilterList",
        .list(
          .structure([
            Field(
              "key",
              .word(
                "InstanceIds", "AgentVersion", "PingStatus", "PlatformTypes", "DocumentName",
                "ActivationIds", "IamRole", "ResourceType", "AssociationStatus"), required: true),
            Field(
              "valueSet", .list(.form(.oneLine, 1, 100_000), min: 1, max: 40), required: true),
          ]), min: 1, max: 40)),
      Field(
        "FiltersWithOperator",
        .list(
          .structure([
            Field("Key", .form(.oneLine, 1, 100_000), required: true),
            Field("Values", .list(.form(.oneLine, 1, 100_000), min: 1, max: 40), required: true),
            Field("Operator", .word("Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan")),
          ]), min: 1, max: 40)), .maxResults(5, 1000), .nextToken,
    ],
    errors: ["InvalidFilter", "InvalidFilterKey", "InvalidInstanceId", "InvalidNextToken"]
  ) { try $0.describeInstanceProperties($1) }

  /// DescribeInstanceProperties: as DescribeInstanceInformation, with operators.
  func describeInstanceProperties(_ request: AWSRequest) throws -> JSONValue {
    let old = request.input["InstancePropertyFilterList"] != nil
    guard !old || request.input["FiltersWithOperator"] == nil else {
      throw AWSError.validation(
        "FiltersWithOperator and InstancePropertyFilterList exclude each other.")
    }
    let list =
      old ? request.list("InstancePropertyFilterList") : request.list("FiltersWithOperator")
    return try describe(
      request, list, names: old ? ("key", "valueSet") : ("Key", "Values"),
      answer: "InstanceProperties", limit: 50, Self.property)
  }

  private static func property(_ view: NodeView, _ row: Item) -> [JSONValue.Member] {
    common(view, row).filter { $0.name != "Name" }
      + [.init("Name", .text(row["Name"] ?? row["ComputerName"]))]
  }
}
