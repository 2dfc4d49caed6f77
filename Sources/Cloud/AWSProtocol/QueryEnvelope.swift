package import JSONTape
import PlainText

/// The query protocol, as a server writes it around a service's inputs and answers: a form that names an
/// action and the version of its service, answered in XML.
package struct QueryEnvelope: Sendable {
  /// The content type by which a request is known.
  package static let contentType = "application/x-www-form-urlencoded"
  /// The content type of answers.
  package static let answerType = "text/xml"

  /// The name space of what is answered.
  private let namespace: String
  /// The request's id.
  private let id: String

  package init(namespace: String, id: String) {
    self.namespace = namespace
    self.id = id
  }

  /// The fields of a form, in order; of one that is named twice the first.
  package static func fields(_ body: [UInt8]) -> [JSONValue.Member] {
    var fields: [JSONValue.Member] = []
    for part in body.split(separator: UInt8(ascii: "&")) {
      let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1)
      guard let name = pair.first.map(Self.decoded), !fields.contains(where: { $0.name == name })
      else { continue }
      fields.append(.init(name, .string(pair.count > 1 ? Self.decoded(pair[1]) : "")))
    }
    return fields
  }

  private static func decoded(_ text: ArraySlice<UInt8>) -> String {
    String(decoding: percentDecodedBytes(text, plusIsBlank: true), as: UTF8.self)
  }

  /// The answer of an action whose members are texts.
  package func answer(_ action: String, _ value: JSONValue) -> String {
    let members = value.members.map { member in
      "    <\(member.name)>\(Self.escaped(member.value.text ?? ""))</\(member.name)>\n"
    }.joined()
    return """
      <\(action)Response xmlns="\(namespace)">
        <\(action)Result>
      \(members)  </\(action)Result>
        <ResponseMetadata>
          <RequestId>\(id)</RequestId>
        </ResponseMetadata>
      </\(action)Response>

      """
  }

  /// An error in the words of the query protocol, with its status.
  package func answer(_ error: AWSError) -> (status: Int, text: String) {
    let status =
      switch error.name {
      case "MissingAuthenticationTokenException", "InvalidSignatureException",
        "UnrecognizedClientException", "ExpiredTokenException", "AccessDeniedException":
        403
      case "TotalSizeLimitExceededException": 413
      default: error.status
      }
    let text = """
      <ErrorResponse xmlns="\(namespace)">
        <Error>
          <Type>\(status >= 500 ? "Receiver" : "Sender")</Type>
          <Code>\(Self.escaped(Self.names[error.name] ?? error.name))</Code>
          <Message>\(Self.escaped(error.message))</Message>
        </Error>
        <RequestId>\(id)</RequestId>
      </ErrorResponse>

      """
    return (status, text)
  }

  /// Names that have no `Exception` here.
  private static let names = [
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ExpiredTokenException": "ExpiredToken", "AccessDeniedException": "AccessDenied",
    "ThrottlingException": "Throttling", "InternalServerError": "InternalFailure",
    "TotalSizeLimitExceededException": "RequestEntityTooLarge",
  ]

  /// A text as XML has it; control characters, which XML cannot have, become `?`.
  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\u{0}"..."\u{8}", "\u{b}", "\u{c}", "\u{e}"..."\u{1f}", "\u{fffe}", "\u{ffff}":
        out += "?"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}
