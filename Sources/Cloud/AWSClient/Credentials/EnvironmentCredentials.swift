import Files

/// Keys in variables of the environment.
struct EnvironmentCredentials: CredentialSource {
  let name = "the environment"

  func ask() throws -> CredentialAnswer {
    if let found = AWSCredentials.ofEnvironment { return .found(found) }
    guard environmentValue("AWS_ACCESS_KEY_ID") != nil else {
      return .absent("AWS_ACCESS_KEY_ID is not set")
    }
    throw CredentialFailure("AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")
  }
}
