import AWSProtocol
package import HistoryStore
import Inventory
package import NodeRegistry

/// The operations of Systems Manager Inventory over a history store.
///
/// Each operation is in the file of `Operations` that is named after it, with all that a server has to know of
/// it; ``services`` lists them. It knows nothing of HTTP, signatures or keys.
package struct SystemsManager: Sendable {
  /// What is configurable about the answers.
  package struct Configuration: Sendable {
    /// Take reports of nodes whose ids are not EC2's or managed instances'.
    package var acceptsAnyNodeID = false
    /// Seconds of silence after which a node's ping status is ConnectionLost.
    package var connectionLostAfter = NodePing.lostAfterStandard
    /// The key of page tokens: 32 bytes that survive a restart.
    package var tokenKey: [UInt8]
    /// Seconds that the credentials of a node count.
    package var nodeTokenSeconds: Int64 = 3600
    /// Seconds after which an agent is told to make itself a new key; nil for never.
    package var nodeKeyAgeSecondsMax: Int64?

    package init(tokenKey: [UInt8]) { self.tokenKey = tokenKey }
  }

  let store: HistoryStore
  let configuration: Configuration
  let tokens: PageTokens
  let turns = Turns()
  let schemaBlocks: SchemaBlocks
  let registry: NodeRegistry
  /// When nodes were last heard of.
  package let heard: HeardNodes
  /// When reports were last refused for the server's sake.
  package let refusedReports = RefusedReports()
  /// What nodes are given to do; nil for nothing.
  package var tasks: (any NodeTasks)?

  package init(
    store: HistoryStore, registry: NodeRegistry, configuration: Configuration
  ) throws {
    self.store = store
    self.registry = registry
    heard = try HeardNodes(store)
    self.configuration = configuration
    tokens = PageTokens(key: configuration.tokenKey)
    schemaBlocks = try SchemaBlocks(store)
  }

  /// Resumes what a stop interrupted: deletions and registrations that were begun are finished.
  package func resume() throws {
    try finishDeletions()
    try announceNodes()
  }
}

extension SystemsManager: Upkeep {
  /// Writes down when nodes were heard of.
  package func save(everything: Bool) throws { try heard.save(everything: everything) }

  /// Nobody waits for it.
  package func endWaits() {}
}
