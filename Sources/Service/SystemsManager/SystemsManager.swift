package import AWSProtocol
package import HistoryStore
import Inventory
import JSONTape
package import NodeRegistry

/// The operations of Systems Manager Inventory over a history store.
///
/// Requests and answers are bytes of JSON 1.1. It knows nothing of HTTP, signatures or keys.
package struct SystemsManager: Sendable {
  /// What is configurable about the answers.
  package struct Configuration: Sendable {
    /// Take reports of nodes whose ids are not EC2's or managed instances'.
    package var acceptsAnyNodeID = false
    /// Seconds of silence after which a node's ping status is ConnectionLost.
    package var connectionLostAfter: Int64 = 5400
    /// The key of page tokens: 32 bytes that survive a restart.
    package var tokenKey: [UInt8]
    /// Seconds that the credentials of a node count.
    package var nodeTokenSeconds: Int64 = 3600
    /// Seconds after which an agent is told to make itself a new key; nil for never.
    package var nodeKeyAgeSecondsMax: Int64?
    /// Seconds for which a question for messages waits.
    package var messageWaitSeconds: Int64 = 18
    /// How often a new store has all nodes collect, as `rate(12 hours)`; nil for not at all.
    package var inventorySchedule: String? = "rate(12 hours)"

    package init(tokenKey: [UInt8]) { self.tokenKey = tokenKey }
  }

  let store: HistoryStore
  let configuration: Configuration
  let tokens: PageTokens
  let turns = Turns()
  let schemaBlocks: SchemaBlocks
  let registry: NodeRegistry
  let heard: HeardNodes
  let mailboxes: Mailboxes
  let running = RunningAssociations()
  let refusedReports = RefusedReports()

  /// Resumes what a stop interrupted: deletions and registrations that were begun are finished.
  package init(
    store: HistoryStore, registry: NodeRegistry, configuration: Configuration
  ) throws {
    self.store = store
    self.registry = registry
    heard = try HeardNodes(store)
    mailboxes = Mailboxes(waitSeconds: configuration.messageWaitSeconds)
    self.configuration = configuration
    tokens = PageTokens(key: configuration.tokenKey)
    schemaBlocks = try SchemaBlocks(store)
    try finishDeletions()
    try announceNodes()
  }

  /// Writes down what is kept in memory for speed: when nodes were heard of.
  ///
  /// - Parameter everything: to the last ping, before a stop; else what is some minutes old.
  package func save(everything: Bool = false) throws { try heard.save(everything: everything) }

  /// Answers whoever waits for messages, for the server stops.
  package func endWaits() { mailboxes.close() }

  /// Notes that an operation was answered with an error, which may be none of the client's fault.
  package func noteFailure(of operation: String, _ error: AWSError) {
    guard operation == "PutInventory", error.status == 429 || error.status >= 500 else { return }
    refusedReports.note(now: store.preciseNow.milliseconds)
  }

  /// The services of AWS whose operations are here.
  package enum Service: String, Sendable, CaseIterable {
    case systemsManager = "AmazonSSM"
    case messages = "EC2WindowsMessageDeliveryService"
    /// What AWS has not.
    case own = "Stocktake"

    /// Its name in the scope of a signature.
    package var signingName: String { self == .messages ? "ec2messages" : "ssm" }
  }

  /// What an operation needs; nil for one that is not known.
  package static func access(to operation: String) -> Access? { operations[operation]?.access }

  /// The service and the operation that a target such as `AmazonSSM.GetInventory` names.
  package static func operation(target: String) -> (service: Service, name: String)? {
    guard let dot = target.firstIndex(of: "."),
      let service = Service(rawValue: String(target[..<dot]))
    else { return nil }
    let name = String(target[target.index(after: dot)...])
    return operations[name]?.service == service ? (service, name) : nil
  }

  /// Seconds for which a refused question for messages waits: no longer than any, and than 15, which is
  /// less than agents wait for the answer.
  package var refusedWaitSeconds: Int64 { min(configuration.messageWaitSeconds, 15) }

  /// Answers a request; the operation must be known.
  @concurrent
  package func answer(
    _ operation: String, _ body: [UInt8], for caller: Caller
  ) async throws(AWSError) -> Answer {
    guard let known = Self.operations[operation] else {
      throw AWSError("UnknownOperationException", "\(operation) is not known here.")
    }
    do {
      if operation == "PutInventory" { return try await putInventory(body, for: caller) }
      let request = try AWSRequest(operation, body, known.input, caller)
      let value = try await known.run(self, request)
      var bytes: [UInt8] = []
      value.write(to: &bytes)
      return Answer(body: bytes, deed: deed(request, value))
    } catch {
      throw Self.named(error)
    }
  }

  /// The error as a client sees it.
  private static func named(_ error: any Error) -> AWSError {
    switch error {
    case let error as AWSError: return error
    case let error as StoreError where error.code == .diskFull || error.code == .mapFull:
      // The client may know: it is no secret, and nothing of the request was stored.
      var named = AWSError("InternalServerError", error.message, status: 500)
      named.cause = error.description
      return named
    case let error as StoreError where error.damage?.node != nil:
      // Of the caller's own scope: who asks can ask for the others meanwhile.
      var named = AWSError(
        "InternalServerError", "What is stored cannot be read: \(error.message).", status: 500)
      named.cause = error.description
      return named
    default:
      var named = AWSError.internalError
      named.cause = "\(error)"
      return named
    }
  }
}

/// An operation: its input's shape, and what it does.
struct Operation: Sendable {
  var access: Access
  var service = SystemsManager.Service.systemsManager
  var input: Shape
  var run: @Sendable (SystemsManager, AWSRequest) async throws -> JSONValue

  init(
    _ access: Access, _ input: [Field],
    _ run: @escaping @Sendable (SystemsManager, AWSRequest) async throws -> JSONValue
  ) {
    self.access = access
    self.input = .structure(input)
    self.run = run
  }
}
