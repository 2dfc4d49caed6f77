package import AWSProtocol
package import HistoryStore
import Inventory

extension Caller {
  /// Why it may not record a report, in a sentence; nil where it may.
  package func objection(to report: Reported) -> String? {
    let node = report.node.text
    guard may(.writeNode, on: node) else { return "The access key may not write for \(node)." }
    for type in report.types where !may(.writeNode, on: node, type: type) {
      return "\(type) is not a node's to report: the access key may not write it for \(node)."
    }
    guard !may(.write), report.types.contains(.instanceInformation) else { return nil }
    for item in report.items(of: .instanceInformation) {
      for attribute in item.attributes where !Self.isOwn(attribute, of: node) {
        return
          "The \(attribute.name.printable) of \(node) in AWS:InstanceInformation is not a node's "
          + "to report: the server knows it."
      }
    }
    return nil
  }

  /// Whether a node may say this of itself in AWS:InstanceInformation: what its agent's pings say, and
  /// what follows from its id.
  private static func isOwn(_ attribute: Item.Attribute, of node: String) -> Bool {
    switch attribute.name {
    case "AgentType", "AgentVersion", "AgentStatus", "ComputerName", "IpAddress", "PlatformName",
      "PlatformType", "PlatformVersion":
      true
    case "InstanceId": attribute.value == node
    case "InstanceStatus": attribute.value == "Active"
    case "ResourceType": ["EC2Instance", "ManagedInstance"].contains(attribute.value)
    default: false
    }
  }
}

extension Deed {
  /// What a report changed; nil where nothing is other than before.
  package init?(report receipt: Receipt, _ operation: String, by caller: Caller) {
    guard receipt.changeCount > 0, let sequence = receipt.sequence else { return nil }
    self.init(
      operation,
      [
        .init("instanceId", receipt.node.text), .init("sequence", String(sequence.value)),
        .init("changes", String(receipt.changeCount)),
      ], isRoutine: !caller.may(.write))
  }
}
