import AWSProtocol

extension SystemsManager {
  /// What an operation costs a server, by which it finds its place there.
  package enum Load: Sendable {
    /// One of the small calls by which agents live: places are kept for them.
    case agentCall
    /// Waits for something to happen, without a place.
    case wait
    /// Brings what a node has.
    case report
    /// Writes something else.
    case change
    /// Looks at one node, or at a few rows.
    case lookup
    /// May look at all of the fleet.
    case question
  }

  /// The load of an operation.
  package static func load(of operation: String) -> Load {
    switch operation {
    case "GetMessages": .wait
    case "PutInventory", "PutComplianceItems": .report
    case "UpdateInstanceInformation", "RequestManagedInstanceRoleToken",
      "UpdateManagedInstancePublicKey", "ListInstanceAssociations",
      "UpdateInstanceAssociationStatus", "UpdateAssociationStatus", "GetDocument",
      "AcknowledgeMessage", "DeleteMessage", "SendReply", "FailMessage":
      .agentCall
    case "ListInventoryEntries", "ListTagsForResource", "DescribeInventoryDeletions",
      "DescribeActivations", "DescribeAssociation", "ListAssociations", "ListAssociationVersions",
      "DescribeDocument", "ListDocuments", "ListResourceDataSync":
      .lookup
    default:
      switch access(to: operation) {
      case .read, .known: .question
      default: .change
      }
    }
  }
}
