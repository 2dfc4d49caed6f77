import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  private static let tagType = try? TypeName("AWS:Tag")

  /// Tells the history of nodes that registered or were taken out: of one, or of all that a stop left.
  func announceNodes(_ id: String = "") throws {
    for (node, activation) in try registry.pending(id) {
      guard let scope = node.scope, let nodeID = try? NodeID(node.id) else { continue }
      try tasks?.begin(node.id, in: scope)
      heard.forgetWords(scope, node.id)
      try store.recordNodeEvent(
        node.isDeregistered ? .deregistered : .registered, node: nodeID, at: store.now, in: scope)
      if !node.isDeregistered, let tags = activation?.tags, !tags.isEmpty, let type = Self.tagType {
        let rows = tags.sorted { $0.key < $1.key }.map {
          Item([("Key", $0.key), ("Value", $0.value)])
        }
        let entry = Report.Entry(
          type: type, schemaVersion: "1.0", captureTime: store.now, content: rows)
        _ = try store.record([Report(node: nodeID, entries: [entry])], in: scope)
      }
      try registry.settle(node.id)
    }
  }
}
