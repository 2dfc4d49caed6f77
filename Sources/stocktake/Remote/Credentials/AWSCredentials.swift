import Answers
import Foundation

/// The keys with which AWS is asked, from the places where its own tools look first.
struct AWSCredentials: Sendable {
  let keyID: String
  let secret: [UInt8]
  let sessionToken: String?

  /// From the environment, else from a profile of `~/.aws/credentials`; the profile that is named wins.
  ///
  /// Single sign-on, roles to assume and the keys of an EC2 instance are not looked for: `aws configure
  /// export-credentials --format env` gives them as variables.
  init(profile: String?) throws {
    if profile == nil, let found = Self.ofEnvironment {
      self = found
      return
    }
    let name = profile ?? environmentValue("AWS_PROFILE") ?? "default"
    let path =
      environmentValue("AWS_SHARED_CREDENTIALS_FILE")
      ?? (environmentValue("HOME") ?? "") + "/.aws/credentials"
    let values = Self.section(name, of: (try? String(contentsOfFile: path, encoding: .utf8)) ?? "")
    guard let keyID = values["aws_access_key_id"], let secret = values["aws_secret_access_key"]
    else {
      throw CommandFailure(
        .usage,
        "there are no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give profile "
          + "\"\(name.onOneLine)\" some in \(path)")
    }
    self.init(keyID, secret, values["aws_session_token"])
  }

  /// Those of the variables, if they are set.
  static var ofEnvironment: AWSCredentials? {
    guard let keyID = environmentValue("AWS_ACCESS_KEY_ID"),
      let secret = environmentValue("AWS_SECRET_ACCESS_KEY")
    else { return nil }
    return AWSCredentials(keyID, secret, environmentValue("AWS_SESSION_TOKEN"))
  }

  init(_ keyID: String, _ secret: String, _ sessionToken: String?) {
    self.keyID = keyID
    self.secret = Array(secret.utf8)
    self.sessionToken = sessionToken
  }

  private static func section(_ name: String, of text: String) -> [String: String] {
    var values: [String: String] = [:]
    var isIn = false
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("[") {
        isIn = line.dropFirst().dropLast().trimmingCharacters(in: .whitespaces) == name
      } else if isIn, !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") {
        values[line[..<equals].trimmingCharacters(in: .whitespaces)] =
          line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
      }
    }
    return values
  }
}
