import Files
import JSONTape
import PlainText

/// The keys of the role of an EC2 instance, from its metadata service (version 2).
///
/// Elsewhere nothing answers at that address; so silence means that there are none.
struct InstanceCredentials: CredentialSource {
  /// Times the service is asked, and seconds for each, as AWS's tools do unless told otherwise.
  private static let attempts = 1...10
  private static let seconds: ClosedRange<Int64> = 1...60
  private static let path = "/latest/meta-data/iam/security-credentials/"

  let settings: AWSSettings
  let name = "the EC2 instance"

  func ask() throws -> CredentialAnswer {
    if environmentValue("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" {
      return .absent("AWS_EC2_METADATA_DISABLED is true")
    }
    let tries = settings.value("metadata_service_num_attempts").flatMap { Int($0) } ?? 1
    var reason = ""
    for _ in 0..<min(max(tries, Self.attempts.lowerBound), Self.attempts.upperBound) {
      do { return .found(try fetch()) } catch let error as CredentialFailure {
        reason = error.description
      }
    }
    return .absent(reason)
  }

  /// Where the service is.
  private var base: String {
    if let named = settings.value("ec2_metadata_service_endpoint") {
      return named.hasSuffix("/") ? String(named.dropLast()) : named
    }
    let mode = settings.value("ec2_metadata_service_endpoint_mode")?.lowercased()
    return mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
  }

  private func fetch() throws -> AWSCredentials {
    let token = try text(
      "PUT", "/latest/api/token", ("x-aws-ec2-metadata-token-ttl-seconds", "21600"))
    let header = ("x-aws-ec2-metadata-token", token)
    let role = try text("GET", Self.path, header).prefix { !$0.isNewline }
    let answer = try answer("GET", Self.path + percentEncoded(String(role)), header)
    let document = answer.document
    if let code = document["Code"]?.text, code != "Success" {
      throw CredentialFailure("\(base): \(code) \(document["Message"]?.text ?? "")".onOneLine)
    }
    return try AWSCredentials(document, CredentialNames(), from: base)
  }

  private func text(
    _ method: String, _ path: String, _ header: (String, String)
  ) throws -> String {
    let answer = try answer(method, path, header)
    return String(decoding: answer.body, as: UTF8.self)
  }

  private func answer(
    _ method: String, _ path: String, _ header: (String, String)
  ) throws -> Transport.Answer {
    let wanted = settings.value("metadata_service_timeout").flatMap { Int64($0) } ?? 1
    let answer = try CredentialRequest(
      method: method, url: base + path, headers: [header],
      secondsMax: min(max(wanted, Self.seconds.lowerBound), Self.seconds.upperBound)
    ).perform(settings)
    guard answer.status == 200, !answer.body.isEmpty else {
      throw CredentialFailure("\(base)\(path) answered \(answer.status)".onOneLine)
    }
    return answer
  }
}
