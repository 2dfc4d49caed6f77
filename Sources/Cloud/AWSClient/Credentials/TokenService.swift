import Glibc
import Inventory
import PlainText
import XML

/// AWS's security token service, which gives the keys of a role.
struct TokenService {
  private static let attemptsMax = 3
  private static let secondsMax: Int64 = 20

  let settings: AWSSettings

  /// A name for a session where nobody gave one.
  static func sessionName() -> String { "stocktake-\(Instant.now.seconds)" }

  /// Takes a role.
  ///
  /// Its query protocol answers in XML, whatever is asked for.
  func call(
    _ action: String, _ parameters: [(name: String, value: String)],
    signedBy credentials: AWSCredentials?
  ) throws -> AWSCredentials {
    let form = [("Action", action), ("Version", "2011-06-15")] + parameters
    let body = form.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
    let request = CredentialRequest(
      method: "POST", url: settings.endpoint(of: .sts),
      headers: [("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
      body: Array(body.utf8), secondsMax: Self.secondsMax)
    var attempt = 1
    while true {
      let answer = try request.perform(settings, signedBy: credentials, for: "sts")
      let fields = Self.fields(answer.body)
      if answer.status == 200 {
        return try Self.credentials(fields, from: settings.endpoint(of: .sts))
      }
      let code = fields["Code"] ?? "status \(answer.status)"
      let isBusy =
        answer.status >= 500 || code.contains("Throttl") || code == "IDPCommunicationError"
      guard isBusy, attempt < Self.attemptsMax, !settings.host.isStopped() else {
        throw CredentialFailure(
          "\(settings.endpoint(of: .sts)), \(action): \(code) \(fields["Message"] ?? "")".onOneLine)
      }
      usleep(500_000 * UInt32(attempt))
      attempt += 1
    }
  }

  private static func credentials(
    _ fields: [String: String], from place: String
  ) throws -> AWSCredentials {
    guard let keyID = fields["AccessKeyId"], let secret = fields["SecretAccessKey"],
      let token = fields["SessionToken"], let end = fields["Expiration"]
    else { throw CredentialFailure("\(place) answered without credentials") }
    return AWSCredentials(keyID, secret, token, until: try Instant(expiration: end, from: place))
  }

  private static func fields(_ body: [UInt8]) -> [String: String] {
    let fields = AnswerFields()
    let reader = XMLReader(fields)
    // What is no XML has no fields, and the status is told instead.
    try? reader.take(body)
    return fields.texts
  }
}

/// The texts of an answer that are of use, by the names of their elements.
private final class AnswerFields: XMLHandler {
  private static let wanted: Set<String> = [
    "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "Code", "Message",
  ]
  private(set) var texts: [String: String] = [:]

  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest {
    Self.wanted.contains(name) ? .text : .children
  }

  func ends(_ name: String, text: String) {
    if Self.wanted.contains(name) { texts[name] = text }
  }
}
