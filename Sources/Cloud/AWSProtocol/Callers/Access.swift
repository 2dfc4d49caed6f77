/// What a request needs of whoever makes it.
package enum Access: Sendable, Hashable {
  /// Nothing: nobody has to sign it.
  case anonymous
  /// The signature of a node's own key.
  case nodeKey
  /// A key, whatever it may: what is asked for is no secret to anybody who has one.
  case known
  /// Asks for anything.
  case read
  /// Says what a node reports, or takes what is meant for it.
  case writeNode
  /// Says what others say of nodes.
  case write
  /// Changes what counts for all nodes.
  case administer
}
