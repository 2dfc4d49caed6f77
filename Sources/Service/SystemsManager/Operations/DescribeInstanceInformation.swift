import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let describeInstanceInformation = Operation(
    "DescribeInstanceInformation", access: .read, load: .question,
    input: [
      Field(
        "InstanceInformationFilterList",
        .list(
          .structure([
            Field(
              "key",
              .word(
                "InstanceIds", "AgentVersion", "PingStatus", "PlatformTypes", "ActivationIds",
                "IamRole", "ResourceType", "AssociationStatus"), required: true),
            Field("valueSet", .list(.text(1), min: 1, max: 100), required: true),
          ]))),
      Field(
        "Filters",
        .list(
          .structure([
            Field("Key", .text(1), required: true),
            Field("Values", .list(.text(1), min: 1, max: 100), required: true),
          ]))), .maxResults(5, 50), .nextToken,
    ],
    errors: ["InvalidFilter", "InvalidFilterKey", "InvalidInstanceId", "InvalidNextToken"]
  ) { try $0.describeInstanceInformation($1) }

  /// DescribeInstanceInformation: nodes that are not terminated, with their ping status.
  func describeInstanceInformation(_ request: AWSRequest) throws -> JSONValue {
    let old = request.input["InstanceInformationFilterList"] != nil
    guard !old || request.input["Filters"] == nil else {
      throw AWSError.validation(
        "Filters and InstanceInformationFilterList exclude each other.")
    }
    let list = old ? request.list("InstanceInformationFilterList") : request.list("Filters")
    return try describe(
      request, list, names: old ? ("key", "valueSet") : ("Key", "Values"),
      answer: "InstanceInformationList", limit: 10, Self.common)
  }
}
