package import AWSProtocol

/// A key of the API: whose it is, what it may do, and its secret.
package struct AccessKey: Sendable, Equatable {
  /// `AKIA` and 16 letters and digits.
  package var id: String
  /// The account that all it names is in; 12 digits.
  package var account: String
  /// The Regions it may be used in; empty for all.
  package var regions: [String]
  package var permissions: [Permission]
  package var isActive = true
  /// When it was made, in milliseconds since 1970.
  package var created: Int64
  package var description = ""
  /// What requests are signed with; of a bearer key the SHA-256 of its token's secret part.
  package var secret: [UInt8]
  /// Whether it is a token that is sent with each request, and signs none.
  package var isBearer = false
  /// The token of a bearer key, which is told once: nil of a key that was read.
  package var token: String?
  /// The secret before a rotation, and until when it counts, in milliseconds since 1970.
  package var previousSecret: [UInt8]?
  package var previousValidUntil: Int64 = 0

  /// Whether it may be used in a Region.
  package func allows(region: String) -> Bool { regions.isEmpty || regions.contains(region) }
}
