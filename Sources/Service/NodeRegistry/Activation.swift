import Crypto
import FoundationEssentials
package import Inventory

/// Leave to register nodes: what CreateActivation makes.
package struct Activation: Sendable, Codable, Equatable {
  /// A UUID in small letters.
  package var id: String
  package var account: String
  package var region: String
  package var description: String?
  /// The name that nodes registered with it get.
  package var defaultName: String?
  /// The IAM role that AWS would give to nodes; kept as it was sent.
  package var role: String
  /// Nodes that may register with it.
  package var limit: Int
  /// Whether whoever made it named no limit; nil for one that was made before this was kept.
  package var hasDefaultLimit: Bool?
  /// Nodes that did.
  package var count = 0
  /// In milliseconds since 1970.
  package var created: Int64
  package var expires: Int64
  /// Copied to each node that registers.
  package var tags: [Tag]
  /// SHA-256 over id and code.
  ///
  /// The code itself, 128 random bits, is kept nowhere.
  var codeDigest: [UInt8]

  /// A tag, as AWS:Tag has it.
  package struct Tag: Sendable, Codable, Equatable {
    package var key: String
    package var value: String

    package init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// What a new one is made from.
  package struct Terms: Sendable {
    package var description: String?
    package var defaultName: String?
    package var role = "service-role/Stocktake"
    /// Nil for ``Activation/limitDefault``.
    package var limit: Int?
    /// In milliseconds since 1970; nil for a day from now.
    package var expires: Int64?
    package var tags: [Tag] = []

    package init() {}
  }

  /// Registrations one activation can have.
  ///
  /// Source: the service's public model.
  package static let limitMax = 1000
  /// Registrations it has where nothing is said.
  package static let limitDefault = 1
  /// Milliseconds an activation can last.
  ///
  /// Source: the service's guide, 30 days.
  package static let lifeMax: Int64 = 30 * 86_400_000
  /// Milliseconds it lasts where nothing is said.
  package static let lifeDefault: Int64 = 86_400_000

  /// Whether nobody can register with it any more, for its time.
  package func isExpired(at now: Instant) -> Bool { now.milliseconds >= expires }

  /// The scope in which its nodes are.
  package var scope: Scope? { try? Scope(account: account, region: region) }

  static func digest(_ id: String, _ code: String) -> [UInt8] {
    Array(SHA256.hash(data: Array("\(id) \(code)".utf8)))
  }

  /// Whether a code is this one's, in a time that tells nothing of where it differs.
  func has(code: String) -> Bool {
    zip(Self.digest(id, code), codeDigest).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension Tags {
  /// Takes tags as they were accepted before.
  package init(_ given: [Activation.Tag]) {
    self.init(stored: given.map { Item.Attribute(name: $0.key, value: $0.value) })
  }

  /// As activations and associations keep them, and requests and answers have them.
  package var asSent: [Activation.Tag] { list.map { .init(key: $0.name, value: $0.value) } }
}
