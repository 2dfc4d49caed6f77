import Inventory
import JSONTape
import PlainText

/// One place that may have keys.
protocol CredentialSource {
  /// What the place is called in messages.
  var name: String { get }

  /// Its keys, or why it has none; throws ``CredentialFailure`` where it should have some and fails.
  func ask() throws -> CredentialAnswer
}

/// What a place that may have keys answered.
enum CredentialAnswer {
  case found(AWSCredentials)
  /// Nothing there is meant for keys, for a reason.
  case absent(String)
}

/// Why a place that is meant for keys gives none: one sentence, without anything secret.
struct CredentialFailure: Error, CustomStringConvertible {
  let description: String

  init(_ sentence: String) { description = sentence }
}

/// The names under which a document has keys.
struct CredentialNames {
  var keyID = "AccessKeyId"
  var secret = "SecretAccessKey"
  var token = "Token"
  var expiration = "Expiration"
}

extension AWSCredentials {
  /// Those in a document; throws which part is missing, and never what is there.
  init(_ document: JSONValue, _ names: CredentialNames, from place: String) throws {
    guard let keyID = document[names.keyID]?.text, let secret = document[names.secret]?.text else {
      throw CredentialFailure("\(place) answered without \(names.keyID) and \(names.secret)")
    }
    var end: Instant?
    if let milliseconds = document[names.expiration]?.whole {
      end = Instant(milliseconds: Int64(milliseconds))
    } else if let text = document[names.expiration]?.text {
      end = try Instant(expiration: text, from: place)
    }
    self.init(keyID, secret, document[names.token]?.text, until: end)
  }
}

extension Instant {
  /// Reads when credentials end, in the forms of ISO 8601 that the services write.
  init(expiration text: String, from place: String) throws {
    // Tokens of older tools end with the name of the zone.
    let plain = text.hasSuffix("UTC") ? text.dropLast(3) + "Z" : text
    // Python writes +0000 where RFC 3339 has +00:00, and some write no zone at all, which is UTC.
    let colon = plain.dropLast(2) + ":" + plain.suffix(2)
    guard
      let instant = ["\(plain)", "\(colon)", "\(plain)Z"].lazy.compactMap(Instant.init(rfc3339:))
        .first
    else {
      throw CredentialFailure("\(place) names \"\(text.onOneLine)\" as an end, which is no time")
    }
    self = instant
  }
}
