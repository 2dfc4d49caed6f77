import HTTPTypes
import HistoryAPI
import Hummingbird
import JSONTape
import NIOCore

// What is the same on every path: HEAD, OPTIONS, and methods that a path has not.

extension HTTPServer {
  /// What HEAD is answered: an answer without its body.
  static func headOnly(_ answer: Response) -> Response {
    var head = answer.createHeadResponse()
    if answer.body.contentLength == nil {
      // How much there would be nobody knows; the connection ends in place of the body.
      head.headers[.contentLength] = nil
      head.headers[.connection] = "close"
    }
    return head
  }

  /// `/`: what this is, and where to go on.
  static func index() -> Response {
    var bytes: [UInt8] = []
    HistoryAPI.index.write(to: &bytes, indent: 0)
    bytes.append(UInt8(ascii: "\n"))
    return Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// The answer to OPTIONS, or to another method that a page has not.
  static func otherMethod(_ method: HTTPRequest.Method, _ allowed: String) -> Response {
    var response =
      method == .options
      ? Response(status: .noContent)
      : plain(.methodNotAllowed, "\(method) is not for this path; \(allowed) are.\n")
    response.headers[.allow] = allowed
    return response
  }
}
