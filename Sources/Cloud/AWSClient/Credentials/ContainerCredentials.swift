import Files
import FoundationEssentials
import Glibc
import JSONTape
import PlainText

/// The keys of a container, from the address that ECS or EKS puts into its environment.
struct ContainerCredentials: CredentialSource {
  private static let attemptsMax = 3
  private static let secondsMax: Int64 = 2
  /// Bytes of the token that is sent along.
  private static let tokenBytesMax = 1 << 16
  /// Where ECS and EKS answer without TLS.
  private static let hosts: Set<String> = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"]

  let settings: AWSSettings
  let name = "the container"

  func ask() throws -> CredentialAnswer {
    let url: String
    if let path = environmentValue("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
      url = "http://169.254.170.2" + (path.hasPrefix("/") ? "" : "/") + path
    } else if let full = environmentValue("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
      url = full
    } else {
      return .absent("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and …_FULL_URI are not set")
    }
    try Self.check(url)
    var headers = [("accept", "application/json")]
    if let token = try Self.token() { headers.append(("authorization", token)) }
    let request = CredentialRequest(url: url, headers: headers, secondsMax: Self.secondsMax)
    var attempt = 1
    while true {
      do {
        let answer = try request.perform(settings)
        if answer.status == 200 {
          return .found(try AWSCredentials(answer.document, CredentialNames(), from: url.onOneLine))
        }
        throw CredentialFailure("\(url.onOneLine) answered \(answer.status)")
      } catch let error as CredentialFailure {
        guard attempt < Self.attemptsMax, !settings.host.isStopped() else { throw error }
        usleep(500_000)
        attempt += 1
      }
    }
  }

  /// Without TLS only this machine and the addresses of ECS and EKS are asked, so that a variable
  /// cannot have a token sent anywhere.
  private static func check(_ url: String) throws {
    let parts = URLComponents(string: url)
    var host = (parts?.host ?? "")[...]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    if parts?.scheme == "https", !host.isEmpty { return }
    guard parts?.scheme == "http",
      host == "localhost" || isLoopback(host) || hosts.contains(String(host))
    else {
      throw CredentialFailure(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI \"\(url.onOneLine)\" is neither https, nor of this "
          + "machine, nor of ECS or EKS")
    }
  }

  private static func isLoopback(_ host: Substring) -> Bool {
    if host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  private static func token() throws -> String? {
    var token = environmentValue("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    if let file = environmentValue("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
      token = try AWSFiles.secret(file, max: tokenBytesMax)
    }
    guard token?.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) ?? true else {
      throw CredentialFailure(
        "the token of AWS_CONTAINER_AUTHORIZATION_TOKEN has control characters")
    }
    return token
  }
}
