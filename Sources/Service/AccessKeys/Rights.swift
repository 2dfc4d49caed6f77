package import HistoryStore
package import Inventory

/// What a request needs of whoever makes it.
package enum Access: Sendable, Hashable {
  /// Nothing: nobody has to sign it.
  case anonymous
  /// The signature of a node's own key.
  case nodeKey
  /// A key, whatever it may: what is asked for is no secret to anybody who has one.
  case known
  /// Asks for anything.
  case read
  /// Says what a node reports, or takes what is meant for it.
  case writeNode
  /// Says what others say of nodes.
  case write
  /// Changes what counts for all nodes.
  case administer
}

/// Who asks, once the signature is verified.
package struct Caller: Sendable {
  /// The key; the node's id where it signed with its own key, empty where nobody signed.
  package var keyID: String
  /// The account and Region that all names are of.
  package var scope: Scope
  package var permissions: [Permission]
  /// The managed node that asks with credentials of its own; nil for people and programs.
  package var node: String?

  package init(
    keyID: String, scope: Scope, permissions: [Permission], node: String? = nil
  ) {
    self.keyID = keyID
    self.scope = scope
    self.permissions = permissions
    self.node = node
  }

  /// Whoever did not sign.
  package static let nobody = Caller(keyID: "", scope: .local, permissions: [])

  /// Whether it may do something: the one place that says what permissions mean.
  ///
  /// - Parameters:
  ///   - node: the node that is written; nil where that is not known yet, and there must be one.
  ///   - type: the inventory type that is written on it.
  package func may(_ access: Access, on node: String? = nil, type: TypeName? = nil) -> Bool {
    let isAdmin = permissions.contains(.admin)
    switch access {
    case .anonymous, .known: return true
    case .nodeKey: return self.node != nil
    case .read: return isAdmin || permissions.contains(.read)
    case .write: return isAdmin || permissions.contains(.write)
    case .administer: return isAdmin
    case .writeNode:
      if may(.write) { return true }
      if let type, Self.typesOfOthers.contains(type.text) { return false }
      return permissions.contains { permission in
        guard case .writeNode(let own) = permission else { return false }
        return node == nil || node == own
      }
    }
  }

  /// What is said of a node, and not by it: its operator's tags and groups, and what the server makes of
  /// PutComplianceItems.
  private static let typesOfOthers: Set<String> = [
    "AWS:Tag", "AWS:ResourceGroup", "AWS:ComplianceItem", "AWS:ComplianceSummary",
  ]
}

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
