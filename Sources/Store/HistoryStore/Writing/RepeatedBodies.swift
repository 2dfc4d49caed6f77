import Digests
import Inventory
import PackedBytes
import Synchronization

/// The last accepted body of each node, as a fingerprint: what makes a repeated one cheap.
///
/// Only a cache: it is empty when a store is opened, and whatever it says is checked against the
/// store's own newest observations before it counts. Memory: some 200 bytes a node.
final class RepeatedBodies: Sendable {
  /// What the last body of a node said.
  struct Body: Sendable {
    var fingerprint: BodyFingerprint
    var entries: [Entry]
  }

  /// One type in it.
  struct Entry: Sendable {
    var type: TypeName
    var schemaVersion: String
    var contentHash: String?
    var itemCount: Int
    /// Whether it has no content, and says that nothing has changed.
    var isUnchangedStatement: Bool
    /// The log record whose observation it is equal to; of no meaning for an unchanged statement.
    var sequence: UInt64
  }

  /// A body that says the same as the node's last one.
  struct Repetition: Sendable {
    var node: NodeID
    var entries: [Entry]
    var captureTimes: [Instant]
  }

  private struct Key: Hashable {
    var scope: Scope
    var node: [UInt8]
  }

  /// Nodes remembered; beyond it all are forgotten together.
  private static let nodesMax = 1 << 18
  private let bodies = Mutex<[Key: Body]>([:])

  /// What comes of looking for the body that another repeats.
  enum Lookup: Sendable {
    case repetition(Repetition)
    /// It has to be read; this is its fingerprint, if it is built like the node's last one.
    case unknown(BodyFingerprint?)
  }

  /// Looks whether a body repeats the node's last one.
  func look(for body: RawSpan, in scope: Scope, hash: KeyedHash) -> Lookup {
    guard let node = BodyFingerprint.node(of: body) else { return .unknown(nil) }
    let key = Key(scope: scope, node: node)
    guard let known = bodies.withLock({ $0[key] }) else { return .unknown(nil) }
    switch known.fingerprint.compare(body, hash: hash) {
    case .different(let fingerprint): return .unknown(fingerprint)
    case .same(let times):
      return .repetition(
        Repetition(
          node: NodeID(stored: String(decoding: node, as: UTF8.self)), entries: known.entries,
          captureTimes: times))
    }
  }

  /// The fingerprint of a body that was read; nil where it has none.
  static func fingerprint(
    of body: RawSpan, _ report: CanonicalReport, hash: KeyedHash, guess: BodyFingerprint?
  ) -> BodyFingerprint? {
    guard report.hasPlainCaptureTimes,
      BodyFingerprint.node(of: body) == Array(report.node.text.utf8)
    else { return nil }
    return BodyFingerprint(
      of: body, captureTimes: report.entries.map(\.captureTime), hash: hash, guess: guess)
  }

  /// Remembers the body of a report that was accepted, or forgets the one before.
  func remember(
    _ fingerprint: BodyFingerprint?, of report: CanonicalReport, as sequence: UInt64,
    in scope: Scope
  ) {
    let key = Key(scope: scope, node: Array(report.node.text.utf8))
    guard let fingerprint else {
      bodies.withLock { $0[key] = nil }
      return
    }
    let entries = report.entries.map { entry in
      Entry(
        type: entry.type, schemaVersion: entry.schemaVersion, contentHash: entry.contentHash,
        itemCount: entry.content?.elements.count ?? 0,
        isUnchangedStatement: entry.content == nil, sequence: sequence)
    }
    bodies.withLock { bodies in
      if bodies.count >= Self.nodesMax { bodies.removeAll() }
      bodies[key] = Body(fingerprint: fingerprint, entries: entries)
    }
  }

  /// Notes the record of a repetition that was accepted.
  func renew(_ repetition: Repetition, as sequence: UInt64, in scope: Scope) {
    // A statement repeats no record of its own.
    guard repetition.entries.contains(where: { !$0.isUnchangedStatement }) else { return }
    let key = Key(scope: scope, node: Array(repetition.node.text.utf8))
    bodies.withLock { bodies in
      guard let place = bodies.index(forKey: key) else { return }
      for index in bodies.values[place].entries.indices {
        bodies.values[place].entries[index].sequence = sequence
      }
    }
  }
}
