import Signatures

/// A token that a request brings in place of a signature: `Authorization: Bearer AKIA….SECRET`.
///
/// Source: RFC 6750, 2.1. Neither in the query nor in a form, where logs and histories keep it.
struct BearerToken {
  let keyID: String
  let secret: Substring

  /// Bytes of a token that are looked at.
  private static let bytesMax = 256

  /// Nil where the request has another kind of Authorization, or none.
  init?(_ head: SignedRequest) {
    guard let words = head.header("authorization")?.split(separator: " ", maxSplits: 1),
      words.count == 2, words[0].lowercased() == "bearer"
    else { return nil }
    let text = words[1].utf8.count <= Self.bytesMax ? words[1] : ""
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    keyID = parts.first.map(String.init) ?? ""
    secret = parts.count > 1 ? parts[1] : ""
  }
}
