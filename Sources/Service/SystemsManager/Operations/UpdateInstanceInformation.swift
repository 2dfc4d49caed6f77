import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

extension SystemsManager {
  static let updateInstanceInformation = Operation(
    "UpdateInstanceInformation", access: .writeNode, load: .agentCall,
    input: [
      Field("InstanceId", .instanceID, required: true), Field("AgentName", .text(0, 255)),
      Field("AgentStatus", .text(0, 64)), Field("AgentVersion", .text(0, 255)),
      Field("ComputerName", .text(0, 255)), Field("IPAddress", .text(0, 64)),
      Field("PlatformName", .text(0, 255)), Field("PlatformType", .text(0, 64)),
      Field("PlatformVersion", .text(0, 255)),
    ],
    errors: recordingErrors.union(["InvalidResourceId", "InvalidResourceType"])
  ) { try await $0.updateInstanceInformation($1) }

  /// What a ping says, and the attribute of AWS:InstanceInformation it is.
  private static let pingMembers = [
    "AgentName": "AgentType", "AgentVersion": "AgentVersion", "AgentStatus": "AgentStatus",
    "ComputerName": "ComputerName", "IPAddress": "IpAddress", "PlatformName": "PlatformName",
    "PlatformType": "PlatformType", "PlatformVersion": "PlatformVersion",
  ]

  /// UpdateInstanceInformation: an agent lives, and says what it is.
  ///
  /// What it says becomes AWS:InstanceInformation where it differs from what is known; what it leaves
  /// out, as the first ping after a start does, stays.
  func updateInstanceInformation(_ request: AWSRequest) async throws -> JSONValue {
    let id = request.text("InstanceId") ?? ""
    let node = try resource(id, "ManagedInstance", writing: request)
    var said: [String: String] = [:]
    for (member, attribute) in Self.pingMembers {
      if let value = request.text(member), !value.isEmpty { said[attribute] = value }
    }
    var heard = HeardNodes.Heard(
      time: store.preciseNow.milliseconds, isInactive: said["AgentStatus"] == "Inactive",
      said: said.hashValue)
    if heard.said == 0 { heard.said = 1 }
    // Most pings say what the last one said.
    if self.heard.heard(request.scope, id)?.said == heard.said {
      self.heard.note(request.scope, id, heard)
      return .object([])
    }
    try await turns.take("\(request.scope) \(id)") {
      try await recordInformation(said, of: node, request)
    }
    self.heard.note(request.scope, id, heard)
    return .object([])
  }

  private func recordInformation(
    _ said: [String: String], of node: NodeID, _ request: AWSRequest
  ) async throws {
    let known = try reading(request, Moment(asked: store.now)) { reader -> KnownInformation in
      guard let number = try reader.number(of: node) else { return KnownInformation() }
      let state = try reader.state(of: node, number: number, type: .instanceInformation)
      return KnownInformation(item: state.items.first, observedAt: state.observedAt)
    }
    var values: [String: String] = [:]
    for attribute in known.item?.attributes ?? [] { values[attribute.name] = attribute.value }
    let before = values
    values.merge(said) { $1 }
    values["InstanceId"] = node.text
    values["InstanceStatus"] = "Active"
    values["ResourceType"] = NodeView.resourceType(of: node)
    guard values != before else { return }
    let item = Item(values.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
    // What is there already holds until then.
    let valid = max(Instant(seconds: store.now.seconds), known.observedAt ?? .distantPast)
    try await record(
      Report(
        node: node,
        entries: [
          .init(
            type: .instanceInformation, schemaVersion: "1.0", captureTime: valid, content: [item])
        ]), request.scope)
  }

  /// What is known of a node before a ping.
  private struct KnownInformation {
    var item: Item?
    var observedAt: Instant?
  }
}
