package import AWSProtocol
import Crypto
import PlainText

/// The claims of a signed request: who says to have signed it, when, and what of it.
package struct Authorization: Sendable {
  static let algorithm = "AWS4-HMAC-SHA256"

  package let accessKeyID: String
  /// `YYYYMMDD`.
  package let date: String
  package let region: String
  package let service: String
  /// In small letters and in order.
  package let signedHeaders: [String]
  /// As it was sent: hexadecimal digits, or base64 where an agent signed with its own key.
  package let signature: String
  /// Of temporary credentials.
  package let securityToken: String?
  /// `YYYYMMDDTHHMMSSZ`.
  package let timestamp: String
  /// Seconds since 1970.
  package let time: Int64

  /// Bytes of an Authorization header that are looked at.
  static let lengthMax = 8192
  /// Header fields that can be signed.
  static let signedHeadersMax = 100

  /// Reads the Authorization header and what belongs to it.
  package init(_ request: SignedRequest) throws(AWSError) {
    guard let header = request.header("authorization"), !header.isEmpty else { throw .missing }
    guard header.utf8.count <= Self.lengthMax else {
      throw .incomplete("The Authorization header is longer than \(Self.lengthMax) bytes.")
    }
    guard header.hasPrefix(Self.algorithm + " ") else { throw .missing }
    let fields = try Self.fields(header.utf8.dropFirst(Self.algorithm.utf8.count))
    func field(_ name: String) -> Substring.UTF8View? { fields.first { $0.name == name }?.value }
    guard let credential = field("Credential"), let signed = field("SignedHeaders"),
      let signature = field("Signature")
    else {
      let absent = ["Credential", "SignedHeaders", "Signature"].filter { field($0) == nil }
      throw .incomplete(
        "Authorization header requires '\(absent.joined(separator: "', '"))' parameter.")
    }
    let parts = Self.parts(credential, separator: UInt8(ascii: "/"))
    guard parts.count == 5, parts[4] == "aws4_request", parts.allSatisfy({ !$0.isEmpty }) else {
      throw .incomplete(
        "Credential must have the form <key id>/<date>/<region>/<service>/aws4_request.")
    }
    (accessKeyID, date, region, service) = (parts[0], parts[1], parts[2], parts[3])
    signedHeaders = Self.parts(signed, separator: UInt8(ascii: ";"))
    self.signature = String(Substring(signature))
    securityToken = request.header("x-amz-security-token")
    guard let timestamp = request.header("x-amz-date") ?? request.header("date") else {
      throw .incomplete("Authorization header requires existence of an 'X-Amz-Date' header.")
    }
    self.timestamp = timestamp
    guard let time = Self.seconds(timestamp) else {
      throw .incomplete("Date must be in ISO-8601 'basic format', such as 20260303T120000Z.")
    }
    self.time = time
    try checkSignedHeaders(request)
  }

  /// `name=value` pairs behind the algorithm; base64 has `=` in the value.
  private static func fields(
    _ text: Substring.UTF8View
  ) throws(AWSError) -> [(name: String, value: Substring.UTF8View)] {
    var fields: [(name: String, value: Substring.UTF8View)] = []
    for part in text.split(separator: UInt8(ascii: ",")) {
      let trimmed = part.drop { $0 == UInt8(ascii: " ") }
      guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")) else {
        throw .incomplete("The Authorization header has a part that is no name=value.")
      }
      let name = String(Substring(trimmed[..<equals]))
      var value = trimmed[trimmed.index(after: equals)...]
      while value.last == UInt8(ascii: " ") { value = value.dropLast() }
      guard !fields.contains(where: { $0.name == name }) else {
        throw .incomplete("The Authorization header has '\(name)' twice.")
      }
      fields.append((name, value))
    }
    return fields
  }

  private static func parts(_ text: Substring.UTF8View, separator: UInt8) -> [String] {
    text.split(separator: separator, omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
  }

  /// The host and whatever says something to AWS must be signed.
  ///
  /// X-Amz-Content-Sha256 need not: it is held against the body, and the agent sends it unsigned.
  private func checkSignedHeaders(_ request: SignedRequest) throws(AWSError) {
    guard (1...Self.signedHeadersMax).contains(signedHeaders.count),
      zip(signedHeaders, signedHeaders.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw .incomplete("SignedHeaders must be names in order, each once.") }
    guard signedHeaders.contains("host") else {
      throw .invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    }
    for (name, _) in request.headers {
      if name.hasPrefix("x-amz-"), name != "x-amz-content-sha256", !signedHeaders.contains(name) {
        throw .invalid("'\(name)' must be a 'SignedHeader' in the AWS Authorization.")
      }
    }
  }

  /// `YYYYMMDDTHHMMSSZ` as seconds since 1970; nil for anything else.
  static func seconds(_ text: String) -> Int64? {
    let bytes = Array(text.utf8)
    guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else {
      return nil
    }
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
      let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
    else { return nil }
    // Days since 1970 by the civil calendar, counted in years that begin in March.
    let (y, m) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
    return days * 86400 + hour * 3600 + minute * 60 + second
  }
}

extension Authorization {
  /// Seconds by which a request's time may be off.
  package static let skewMax: Int64 = 15 * 60

  /// Holds a request to its claims: service, time, day, body and signature.
  ///
  /// - Parameters:
  ///   - key: the signing key of the claimed id for ``date``, ``region`` and ``service``.
  ///   - now: seconds since 1970.
  package func verify(
    _ request: SignedRequest, key: SigningKey, now: Int64, service expected: String
  ) throws(AWSError) {
    try checkClaims(request, now: now, service: expected)
    guard let bytes = Hex.bytes(signature.utf8), bytes.count == 32, Hex.text(bytes) == signature,
      request.queriesSigned.contains(where: { query in
        key.isValid(bytes, of: stringToSign(request, query: query))
      })
    else { throw .mismatch }
  }

  /// Holds a request to its claims but for the signature, which somebody else has to look at.
  package func checkClaims(
    _ request: SignedRequest, now: Int64, service expected: String
  ) throws(AWSError) {
    try checkTime(now, service: expected)
    try checkBody(request)
  }

  /// Holds a request's head to its claims: service, skew and day.
  package func checkTime(_ now: Int64, service expected: String) throws(AWSError) {
    guard service == expected else {
      throw .invalid("Credential should be scoped to correct service: '\(expected)'.")
    }
    if time < now - Self.skewMax {
      throw .invalid(
        "Signature expired: \(timestamp) is more than 15 minutes before the server's time. Check "
          + "the clocks of both.")
    }
    if time > now + Self.skewMax {
      throw .invalid(
        "Signature not yet current: \(timestamp) is more than 15 minutes after the server's time. "
          + "Check the clocks of both.")
    }
    guard timestamp.hasPrefix(date) else {
      throw .invalid(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
          + "'\(date)' != '\(timestamp.prefix(8))'.")
    }
  }

  /// Where the body's digest was sent, it must be that of the body: also where it is not signed.
  private func checkBody(_ request: SignedRequest) throws(AWSError) {
    guard let sent = request.header("x-amz-content-sha256") else { return }
    guard sent == Hex.text(request.bodyDigest) else {
      throw .invalid(
        "The value of 'X-Amz-Content-Sha256' is not the SHA-256 of the body. (Unsigned payloads "
          + "are not accepted.)")
    }
  }

  /// The text that is signed.
  package func stringToSign(_ request: SignedRequest) -> String {
    stringToSign(request, query: SignedRequest.canonical(query: request.query))
  }

  private func stringToSign(_ request: SignedRequest, query: String) -> String {
    let canonical = SHA256.hash(data: request.canonical(query: query, signing: signedHeaders))
    return "\(Self.algorithm)\n\(timestamp)\n\(date)/\(region)/\(service)/aws4_request\n"
      + Hex.text(canonical)
  }
}

extension SignedRequest {
  /// Signs the request: adds X-Amz-Date, the session token if there is one, and Authorization.
  ///
  /// All header fields that the request has are signed.
  package mutating func sign(
    accessKeyID: String, secret: [UInt8], sessionToken: String? = nil, region: String,
    service: String, timestamp: String
  ) throws(AWSError) {
    headers.append(("x-amz-date", timestamp))
    if let sessionToken { headers.append(("x-amz-security-token", sessionToken)) }
    let date = String(timestamp.prefix(8))
    let names = Set(headers.map(\.name)).sorted()
    let claims =
      "\(Authorization.algorithm) Credential=\(accessKeyID)/\(date)/\(region)/\(service)/aws4_request, "
      + "SignedHeaders=\(names.joined(separator: ";")), Signature="
    var unsigned = self
    unsigned.headers.append(("authorization", claims + "0"))
    let authorization = try Authorization(unsigned)
    let key = SigningKey(secret: secret, date: date, region: region, service: service)
    let signature = Hex.text(key.sign(authorization.stringToSign(self)))
    headers.append(("authorization", claims + signature))
  }
}
