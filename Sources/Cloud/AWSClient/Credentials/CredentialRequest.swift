import FoundationEssentials
package import JSONTape
import PlainText

/// A request to a place that hands out keys: a short answer, a short time, no redirects.
struct CredentialRequest {
  /// Bytes of an answer; they have about 2,000.
  private static let answerBytesMax = 1 << 20

  var method = "GET"
  var url: String
  var headers: [(name: String, value: String)] = []
  var body: [UInt8] = []
  var secondsMax: Int64 = 10

  /// The answer, whatever its status; throws ``CredentialFailure`` where none came in time.
  func perform(
    _ settings: AWSSettings, signedBy credentials: AWSCredentials? = nil, for service: String = ""
  ) throws -> Transport.Answer {
    guard let parts = URLComponents(string: url), let scheme = parts.scheme, let host = parts.host,
      let transport = Transport(
        url: "\(scheme)://\(host)" + (parts.port.map { ":\($0)" } ?? ""),
        certificates: settings.certificates, connectSeconds: min(10, secondsMax))
    else { throw CredentialFailure("\"\(url.onOneLine)\" is no address of the form https://HOST") }
    let path = parts.percentEncodedPath
    var call = Transport.Call(
      method: method, path: path.isEmpty ? "/" : path, query: parts.percentEncodedQuery ?? "",
      headers: headers, body: body, secondsMax: secondsMax, answerBytesMax: Self.answerBytesMax)
    if let credentials {
      call = try call.signed(
        host: transport.host, credentials, region: settings.region, service: service)
    }
    do { return try transport.perform(call) } catch let error as ClientError {
      throw CredentialFailure(error.description)
    }
  }
}

extension Transport.Answer {
  /// The body as a document; null where it is none.
  package var document: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
}
