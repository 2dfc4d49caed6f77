package import JSONTape

/// JSON 1.1, as client and server write it around a service's inputs and answers.
package enum JSONEnvelope {
  /// The content type of requests and answers.
  package static let contentType = "application/x-amz-json-1.1"

  /// The header fields of a request, but for its signature.
  package static func headers(
    _ target: String, _ operation: String
  ) -> [(name: String, value: String)] {
    [("content-type", contentType), ("x-amz-target", "\(target).\(operation)")]
  }
}

extension AWSError {
  /// The body of the answer: `__type` is where the SDKs look.
  package var body: [UInt8] {
    var fields: [JSONValue.Member] = [
      .init("__type", .string(name)), .init("message", .string(message)),
    ]
    for (name, value) in members.sorted(by: { $0.key < $1.key }) {
      fields.append(.init(name, .string(value)))
    }
    return JSONValue.object(fields).bytes
  }

  /// What a server answered in place of what was asked for.
  ///
  /// Some servers write a name space before the name, and the message's member with a capital.
  package init(status: Int, _ answer: JSONValue) {
    let name = answer["__type"]?.text?.split(separator: "#").last.map(String.init)
    self.init(
      name ?? "Internal \(status)", answer["message"]?.text ?? answer["Message"]?.text ?? "",
      status: status)
  }
}

extension JSONValue {
  /// The value as JSON on one line.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    write(to: &bytes)
    return bytes
  }
}
