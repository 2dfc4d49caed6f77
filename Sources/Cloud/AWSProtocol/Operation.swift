package import Inventory
package import JSONTape

/// An operation of a service: all that a server has to know of it, and what it does.
///
/// It is declared once, in the file that is named after it, beside its function:
///
/// ```swift
/// static let listThings = Operation(
///   "ListThings", access: .read, load: .lookup, input: [.nextToken], errors: ["InvalidNextToken"]
/// ) { try $0.listThings($1) }
/// ```
package struct Operation<Service: Sendable>: Sendable {
  /// What a server knows of it.
  package private(set) var traits: OperationTraits
  let run: @Sendable (Service, [UInt8], Caller) async throws -> Outcome
  private(set) var onRefusal: (@Sendable (Service, AWSError) -> Void)?
  private(set) var place: (@Sendable (Service, JSONValue) -> Scope?)?

  /// What came of a request.
  enum Outcome: Sendable {
    case value(AWSRequest, JSONValue)
    case reply(AWSReply)
  }

  /// An operation whose input has a shape: requests that have not never reach it.
  ///
  /// - Parameters:
  ///   - errors: the names that it throws, beside those of all operations (``AWSError/ofAll``).
  ///   - run: the answer to a request; members that are null are not left out of it.
  package init(
    _ name: String, access: Access, load: Load, input: [Field], errors: Set<String> = [],
    _ run: @escaping @Sendable (Service, AWSRequest) async throws -> JSONValue
  ) {
    let shape = Shape.structure(input)
    traits = OperationTraits(name: name, access: access, load: load, input: shape, errors: errors)
    self.run = { service, body, caller in
      let request = try AWSRequest(name, body, shape, caller)
      return .value(request, try await run(service, request))
    }
  }

  /// An operation that takes the body as it is, for what reads it faster than a tree of values would.
  ///
  /// - Parameters:
  ///   - errors: the names that it throws, beside those of all operations (``AWSError/ofAll``).
  ///   - run: the answer to a body, with what it changed.
  package init(
    _ name: String, access: Access, load: Load, errors: Set<String>,
    body run: @escaping @Sendable (Service, [UInt8], Caller) async throws -> AWSReply
  ) {
    traits = OperationTraits(name: name, access: access, load: load, input: nil, errors: errors)
    self.run = { .reply(try await run($0, $1, $2)) }
  }

  /// The same, with each request that it answers in the audit, for all that it is one of an agent's calls.
  package func audited() -> Self {
    var operation = self
    operation.traits.isAudited = true
    return operation
  }

  /// The same, for one that nobody signs: its answer says in which account and Region something was changed.
  package func placed(_ place: @escaping @Sendable (Service, JSONValue) -> Scope?) -> Self {
    var operation = self
    operation.place = place
    return operation
  }

  /// The same, with somebody who is told of errors that it is answered with, also such as come before it.
  package func onRefusal(_ tell: @escaping @Sendable (Service, AWSError) -> Void) -> Self {
    var operation = self
    operation.onRefusal = tell
    return operation
  }
}

/// What a server knows of an operation before it runs it.
package struct OperationTraits: Sendable {
  package let name: String
  package let access: Access
  package let load: Load
  /// The shape of its input; nil where it takes the body as it is.
  package let input: Shape?
  /// The names of its errors, beside those of all operations.
  package let errors: Set<String>
  /// Whether what it changes is for the audit.
  package fileprivate(set) var isAudited: Bool

  init(name: String, access: Access, load: Load, input: Shape?, errors: Set<String>) {
    self.name = name
    self.access = access
    self.load = load
    self.input = input
    self.errors = errors
    // What agents say and take all day is in the history, or is nothing that lasts.
    isAudited = access != .read && access != .known && load != .agentCall && load != .wait
  }
}

/// What an operation costs a server, by which it finds its place there.
package enum Load: Sendable, Hashable {
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
  /// May look at all of the fleet: it has a lane and limits of its own.
  case question
}

/// What an operation is answered with.
package struct AWSReply: Sendable {
  package var body: [UInt8]
  /// What was changed; nil where nothing was.
  package var deed: Deed?

  package init(body: [UInt8], deed: Deed? = nil) {
    self.body = body
    self.deed = deed
  }
}
