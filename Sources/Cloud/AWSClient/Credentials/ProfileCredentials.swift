import PlainText

/// What a profile of the shared files has: keys, a role, single sign-on or a program.
struct ProfileCredentials: CredentialSource {
  /// Roles that are taken one with the keys of another.
  private static let rolesMax = 20

  let settings: AWSSettings
  let profile: String
  /// The profiles on the way here, this one included; empty for the first.
  var visited: [String] = []

  var name: String { "profile \"\(profile.onOneLine)\"" }

  func ask() throws -> CredentialAnswer {
    let config = settings.config
    guard let values = config.profile(profile) else {
      return .absent("neither \(config.configPath) nor \(config.credentialsPath) has it")
    }
    // A profile may take its own role with its own keys; then they are asked for here.
    let isSource = !visited.isEmpty
    if values["role_arn"] != nil, values["web_identity_token_file"] == nil,
      !(isSource && Self.hasKeys(values))
    {
      return .found(try role(values))
    }
    if values["web_identity_token_file"] != nil {
      return try WebIdentityCredentials(settings: settings, profile: profile).ask()
    }
    if values["sso_role_name"] != nil || values["sso_account_id"] != nil {
      return try SignOnCredentials(settings: settings, profile: profile).ask()
    }
    if let found = try keys(config.credentials[profile], in: config.credentialsPath) {
      return .found(found)
    }
    if values["login_session"] != nil {
      throw CredentialFailure(
        "sessions of \"aws login\" are not known here; \"aws configure export-credentials "
          + "--format env\" gives them as variables")
    }
    if let command = values["credential_process"] {
      return try ProcessCredentials(host: settings.host, command: command).ask()
    }
    if let found = try keys(config.config[profile], in: config.configPath) { return .found(found) }
    return .absent("it has no keys, no role, no single sign-on and no credential_process")
  }

  private static func hasKeys(_ values: [String: String]) -> Bool {
    values["aws_access_key_id"] != nil || values["aws_secret_access_key"] != nil
  }

  private func keys(_ values: [String: String]?, in path: String) throws -> AWSCredentials? {
    guard let values, let keyID = values["aws_access_key_id"] else { return nil }
    guard let secret = values["aws_secret_access_key"] else {
      throw CredentialFailure("it has aws_access_key_id and no aws_secret_access_key in \(path)")
    }
    return AWSCredentials(keyID, secret, values["aws_session_token"])
  }

  /// The keys of the role, taken with those of another profile or place.
  private func role(_ values: [String: String]) throws -> AWSCredentials {
    guard values["mfa_serial"] == nil else {
      throw CredentialFailure(
        "its role wants a code (mfa_serial), which is not asked for here; \"aws configure "
          + "export-credentials --format env\" gives its keys as variables")
    }
    let source: any CredentialSource
    switch (values["source_profile"], values["credential_source"]) {
    case (let other?, nil): source = try self.source(other)
    case (nil, let place?): source = try named(place)
    case (nil, nil):
      throw CredentialFailure("its role has neither source_profile nor credential_source")
    default: throw CredentialFailure("its role has both source_profile and credential_source")
    }
    let credentials: AWSCredentials
    switch try source.ask() {
    case .found(let found): credentials = found
    case .absent(let reason): throw CredentialFailure("\(source.name): \(reason)")
    }
    var parameters = [
      ("RoleArn", values["role_arn"] ?? ""),
      ("RoleSessionName", values["role_session_name"] ?? TokenService.sessionName()),
    ]
    if let id = values["external_id"] { parameters.append(("ExternalId", id)) }
    if let text = values["duration_seconds"] {
      guard let seconds = UInt32(text) else {
        throw CredentialFailure("its duration_seconds \"\(text.onOneLine)\" is no number")
      }
      parameters.append(("DurationSeconds", String(seconds)))
    }
    return try TokenService(settings: settings).call(
      "AssumeRole", parameters, signedBy: credentials)
  }

  private func source(_ other: String) throws -> ProfileCredentials {
    guard let values = settings.config.profile(other) else {
      throw CredentialFailure("its source_profile \"\(other.onOneLine)\" is not there")
    }
    let path = visited.isEmpty ? [profile] : visited
    if path.contains(other), other != profile || !Self.hasKeys(values) {
      throw CredentialFailure(
        "its role goes round in a circle: " + (path + [other]).joined(separator: ", ").onOneLine)
    }
    guard path.count < Self.rolesMax else {
      throw CredentialFailure("there are more than \(Self.rolesMax) roles one behind the other")
    }
    return ProfileCredentials(settings: settings, profile: other, visited: path + [other])
  }

  private func named(_ place: String) throws -> any CredentialSource {
    switch place.lowercased() {
    case "environment": EnvironmentCredentials()
    case "ecscontainer": ContainerCredentials(settings: settings)
    case "ec2instancemetadata": InstanceCredentials(settings: settings)
    default:
      throw CredentialFailure(
        "its credential_source \"\(place.onOneLine)\" is none of Environment, EcsContainer, "
          + "Ec2InstanceMetadata")
    }
  }
}
