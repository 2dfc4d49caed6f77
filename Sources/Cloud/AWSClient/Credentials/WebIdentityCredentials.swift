import Files
import PlainText

/// A role taken with a token in a file, as in Kubernetes: by variables, or by a profile.
struct WebIdentityCredentials: CredentialSource {
  /// Bytes of a token; STS takes 20,000.
  static let tokenBytesMax = 20_000

  let settings: AWSSettings
  /// The profile that names the file; nil where variables do.
  var profile: String?

  var name: String {
    "the web identity" + (profile.map { " of profile \"\($0.onOneLine)\"" } ?? "")
  }

  func ask() throws -> CredentialAnswer {
    let values = settings.config.profile(profile ?? settings.profile) ?? [:]
    func value(_ name: String, _ variable: String) -> String? {
      (profile == nil ? environmentValue(variable) : nil) ?? values[name]
    }
    let file =
      profile == nil
      ? environmentValue("AWS_WEB_IDENTITY_TOKEN_FILE") : values["web_identity_token_file"]
    guard let file else { return .absent("AWS_WEB_IDENTITY_TOKEN_FILE is not set") }
    guard let role = value("role_arn", "AWS_ROLE_ARN") else {
      throw CredentialFailure(
        profile == nil ? "AWS_ROLE_ARN is not set" : "the profile has no role_arn")
    }
    let token = try AWSFiles.secret(file, max: Self.tokenBytesMax)
    let session =
      value("role_session_name", "AWS_ROLE_SESSION_NAME") ?? TokenService.sessionName()
    return .found(
      try TokenService(settings: settings).call(
        "AssumeRoleWithWebIdentity",
        [("RoleArn", role), ("RoleSessionName", session), ("WebIdentityToken", token)],
        signedBy: nil))
  }
}
