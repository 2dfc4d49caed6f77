package import Inventory
package import JSONTape

/// A request that has the shape of its operation.
package struct AWSRequest: Sendable {
  /// The operation's name.
  package let operation: String
  package let input: JSONValue
  package let caller: Caller
  /// The account and Region that all names in it are of.
  package var scope: Scope { caller.scope }

  /// Reads a body, of which none means an empty object, and holds it to a shape.
  package init(
    _ operation: String, _ body: [UInt8], _ shape: Shape, _ caller: Caller
  ) throws(AWSError) {
    self.operation = operation
    self.caller = caller
    if body.isEmpty {
      input = .object([])
    } else {
      do throws(JSONError) { input = try JSONValue(parsing: body) } catch {
        throw .serialization("The request is not JSON: \(error).")
      }
    }
    try Validation.check(input, shape)
  }

  /// A member that is a text; nil where it is not there.
  package func text(_ name: String) -> String? { input[name]?.text }

  /// A member that is a whole number; nil where it is not there.
  package func integer(_ name: String) -> Int? { input[name]?.whole }

  /// Whether a member is true.
  package func flag(_ name: String) -> Bool { input[name] == .bool(true) }

  /// The values of a member that is a list; none where it is not there.
  package func list(_ name: String) -> [JSONValue] { input[name]?.elements ?? [] }

  /// What the pages of one question have in common: all but where they are.
  package var question: JSONValue {
    guard case .object(let members) = input else { return input }
    return .object(
      members.filter { $0.name != "NextToken" && $0.name != "MaxResults" }
        .sorted { $0.name < $1.name })
  }
}

extension JSONValue {
  /// Members without those that are null.
  package static func present(_ members: [Member]) -> JSONValue {
    .object(members.filter { $0.value != .null })
  }
}
