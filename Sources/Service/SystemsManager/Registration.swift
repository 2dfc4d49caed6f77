import AWSProtocol
import HistoryStore
import Inventory
import JSONTape
import NodeRegistry

extension SystemsManager {
  /// Tells the history of nodes that registered or were taken out: of one, or of all that a stop left.
  func announceNodes(_ id: String = "") throws {
    for (node, activation) in try registry.pending(id) {
      guard let scope = node.scope, let nodeID = try? NodeID(node.id) else { continue }
      try tasks?.begin(node.id, in: scope)
      heard.forgetWords(scope, node.id)
      try store.recordNodeEvent(
        node.isDeregistered ? .deregistered : .registered, node: nodeID, at: store.now, in: scope)
      if !node.isDeregistered, let given = activation?.tags, !given.isEmpty {
        // Kept as the activation has them: what was wrong with one was told to whoever made it.
        try store.changeTags(of: nodeID, in: scope) { $0.merge(Tags(given)) }
      }
      try registry.settle(node.id)
    }
  }
}
