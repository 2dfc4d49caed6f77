import Crypto
import Inventory
import JSONTape
import PlainText

/// The keys of a role that single sign-on gives for the token that `aws sso login` left behind.
struct SignOnCredentials: CredentialSource {
  /// Bytes of a file with a token; they have about 3,000.
  private static let fileBytesMax = 1 << 20

  let settings: AWSSettings
  let profile: String

  var name: String { "the single sign-on of profile \"\(profile.onOneLine)\"" }

  func ask() throws -> CredentialAnswer {
    var values = settings.config.profile(profile) ?? [:]
    let session = values["sso_session"]
    if let session {
      guard let more = settings.config.sessions[session] else {
        throw CredentialFailure("there is no section [sso-session \(session.onOneLine)]")
      }
      for (name, value) in more {
        guard values[name] ?? value == value else {
          throw CredentialFailure("the profile and its sso_session name two values of \(name)")
        }
        values[name] = value
      }
    }
    func need(_ name: String) throws -> String {
      guard let value = values[name] else { throw CredentialFailure("it has no \(name)") }
      return value
    }
    let (role, account) = (try need("sso_role_name"), try need("sso_account_id"))
    let (start, region) = (try need("sso_start_url"), try need("sso_region"))
    let token = try token(of: session ?? start)
    let answer = try CredentialRequest(
      url: settings.endpoint(of: .sso, region: region) + "/federation/credentials?role_name="
        + percentEncoded(role) + "&account_id=" + percentEncoded(account),
      headers: [("x-amz-sso_bearer_token", token)]
    ).perform(settings)
    let document = answer.document
    guard answer.status == 200, let keys = document["roleCredentials"] else {
      let said = document["message"]?.text ?? ""
      throw CredentialFailure(
        "single sign-on answered \(answer.status) \(said)".onOneLine
          + (answer.status == 401 ? "; run \(loginCommand)" : ""))
    }
    return .found(
      try AWSCredentials(
        keys,
        CredentialNames(
          keyID: "accessKeyId", secret: "secretAccessKey", token: "sessionToken",
          expiration: "expiration"), from: "single sign-on"))
  }

  private var loginCommand: String { "\"aws sso login --profile \(profile.onOneLine)\"" }

  /// The token in the file that is named by a digest of the session or of the address to start at.
  private func token(of key: String) throws -> String {
    let digest = Insecure.SHA1.hash(data: Array(key.utf8))
    let name = Hex.text(digest)
    let path = "~/.aws/sso/cache/\(name).json"
    let document: JSONValue
    do { document = try AWSFiles.document(path, max: Self.fileBytesMax) } catch {
      throw CredentialFailure("nobody is signed on (\(error)); run \(loginCommand)")
    }
    guard let token = document["accessToken"]?.text, let end = document["expiresAt"]?.text else {
      throw CredentialFailure("\(path) has no accessToken and expiresAt; run \(loginCommand)")
    }
    guard try Instant(expiration: end, from: path) > .now else {
      throw CredentialFailure("the token in \(path) ended at \(end.onOneLine); run \(loginCommand)")
    }
    return token
  }
}
