package import Inventory

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
