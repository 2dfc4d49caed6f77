package import Inventory

/// A service as a server has it: its names, and operations that answer.
///
/// A server has a list of them. Where requests go, by what name they are signed, which places they take,
/// what they are called in metrics, logs and errors follows from it.
package struct AWSService: Sendable {
  /// How requests say what they are for.
  package enum Wire: Sendable, Hashable {
    /// JSON 1.1: `X-Amz-Target` is the target, a dot and the operation. Several services may share a target.
    case json(target: String)
    /// The query protocol: a form names the action and the version of the service; the answer is XML of a
    /// name space.
    case query(version: String, namespace: String)
  }

  package let wire: Wire
  /// Its name in the scope of a signature, and before operations in refusals.
  package let signingName: String
  /// Its operations.
  package private(set) var operations: [ServedOperation] = []
  /// Seconds for which one that waits (``Load/wait``) is kept when it is refused, lest it ask again at once.
  package var refusedWaitSeconds: Int64 = 15
  /// What wants to be told of time and of the server's end.
  package var upkeep: (any Upkeep)?
  /// When a node was last heard of otherwise than by a report; nil for never.
  package var lastPing: (@Sendable (Scope, NodeID) -> Instant?)?

  /// - Parameters:
  ///   - told: members of requests and answers that say what was changed, and what the audit calls them.
  ///   - value: what the operations are functions of.
  package init<Value: Sendable>(
    _ wire: Wire, signing signingName: String, told: [String: String] = [:], of value: Value,
    _ operations: [Operation<Value>]
  ) {
    self.wire = wire
    self.signingName = signingName
    self.operations = operations.map { ServedOperation($0, of: value, signingName, told) }
  }
}

/// What keeps something in memory for speed, or has clients wait.
package protocol Upkeep: Sendable {
  /// Writes down what is kept in memory.
  ///
  /// - Parameter everything: all of it, before a stop; else what is some minutes old.
  func save(everything: Bool) throws

  /// Answers whoever waits, for the server stops.
  func endWaits()
}

/// An operation of a service that is served.
package struct ServedOperation: Sendable {
  package let traits: OperationTraits
  /// The name of its service in the scope of a signature.
  package let signingName: String
  private let run: @Sendable ([UInt8], Caller) async throws -> AWSReply
  private let tell: (@Sendable (AWSError) -> Void)?

  init<Value: Sendable>(
    _ operation: Operation<Value>, of value: Value, _ signingName: String, _ told: [String: String]
  ) {
    let traits = operation.traits
    self.traits = traits
    self.signingName = signingName
    if let onRefusal = operation.onRefusal {
      tell = { error in onRefusal(value, error) }
    } else {
      tell = nil
    }
    run = { body, caller in
      switch try await operation.run(value, body, caller) {
      case .reply(let reply): return reply
      case .value(let request, let answer):
        var deed = Deed(request, answer, of: traits, told)
        if let place = operation.place { deed?.scope = place(value, answer) }
        return AWSReply(body: answer.bytes, deed: deed)
      }
    }
  }

  package var name: String { traits.name }

  /// Answers a request of a caller who may make it.
  @concurrent
  package func answer(_ body: [UInt8], for caller: Caller) async throws -> AWSReply {
    do { return try await run(body, caller) } catch let error as AWSError {
      assert(
        traits.errors.contains(error.name) || AWSError.ofAll.contains(error.name),
        "\(name) does not declare the error \(error.name)")
      throw error
    }
  }

  /// Notes that it was answered with an error, which may be none of the client's fault.
  package func noteRefusal(_ error: AWSError) { tell?(error) }
}

/// The services of a server.
package struct AWSServices: Sendable {
  /// In the order in which they were named.
  package let all: [AWSService]
  private let byTarget: [String: Found]

  /// An operation with its service.
  package struct Found: Sendable {
    package let service: AWSService
    package let operation: ServedOperation
  }

  /// No two of them have an operation of the same name at the same target.
  package init(_ services: [AWSService]) {
    all = services
    var found: [String: Found] = [:]
    for service in services {
      guard case .json(let target) = service.wire else { continue }
      for operation in service.operations {
        let name = "\(target).\(operation.name)"
        precondition(found[name] == nil, "\(name) is served twice")
        found[name] = Found(service: service, operation: operation)
      }
    }
    byTarget = found
  }

  /// The name space in which errors of the query protocol are told; nil where no service has it.
  package var queryNamespace: String? {
    for service in all {
      if case .query(_, let namespace) = service.wire { return namespace }
    }
    return nil
  }

  /// What a target such as `AmazonSSM.GetInventory` names.
  package func named(target: String) -> Found? { byTarget[target] }

  /// What a form names by action and version.
  package func named(action: String, version: String) -> Found? {
    for service in all where service.queryVersion == version {
      if let operation = service.operations.first(where: { $0.name == action }) {
        return Found(service: service, operation: operation)
      }
    }
    return nil
  }
}

extension AWSService {
  /// Its version, where it is one of the query protocol.
  package var queryVersion: String? {
    guard case .query(let version, _) = wire else { return nil }
    return version
  }
}
