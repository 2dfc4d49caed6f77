import AWSProtocol
import FoundationEssentials
import HistoryStore
package import Inventory

extension NodeRegistry {
  /// Makes an activation; its code is in the answer and cannot be asked for again.
  package func createActivation(
    _ terms: Activation.Terms, in scope: Scope
  ) throws -> (activation: Activation, code: String) {
    let now = store.preciseNow.milliseconds
    let expires = terms.expires ?? now + Activation.lifeDefault
    guard expires > now, expires <= now + Activation.lifeMax else {
      throw AWSError(
        "InvalidParameters", "ExpirationDate must be in the next 30 days.")
    }
    let limit = terms.limit ?? Activation.limitDefault
    guard (1...Activation.limitMax).contains(limit) else {
      throw AWSError(
        "InvalidParameters", "RegistrationLimit is 1 to \(Activation.limitMax).")
    }
    do throws(TagError) { try Self.check(terms.tags) } catch {
      throw AWSError("InvalidParameters", "The tags are refused: \(error).")
    }
    let id = UUID().uuidString.lowercased()
    let code = Self.random(16)
    let activation = Activation(
      id: id, account: scope.account, region: scope.region, description: terms.description,
      defaultName: terms.defaultName, role: terms.role, limit: limit,
      hasDefaultLimit: terms.limit == nil, created: now,
      expires: expires, tags: terms.tags, codeDigest: Activation.digest(id, code))
    try store.setControlRow(Self.activationRow(id), to: try Self.encoded(activation))
    return (activation, code)
  }

  /// Holds tags to what a node can have.
  private static func check(_ given: [Activation.Tag]) throws(TagError) {
    var tags = Tags()
    for tag in given {
      guard tags[tag.key] == nil else { throw .invalid("tag \"\(tag.key)\" is there twice") }
      try tags.set(tag.key, to: tag.value)
    }
  }

  /// The activations of a scope, in order of their ids.
  package func activations(in scope: Scope) throws -> [Activation] {
    try store.controlRows(prefix: Self.activationRow("")).compactMap {
      Self.decoded(Activation.self, $0.value)
    }.filter { $0.scope == scope }
  }

  /// Removes an activation; nodes that registered with it stay.
  ///
  /// False where there is none.
  package func deleteActivation(_ id: String, in scope: Scope) throws -> Bool {
    let row = Self.activationRow(id)
    guard let found = Self.decoded(Activation.self, try store.controlRow(row)),
      found.scope == scope
    else { return false }
    try store.setControlRow(row, to: nil)
    return true
  }
}
