import HTTPTypes
import Hummingbird

extension HTTPServer {
  /// The answer to a request whose body comes in a way that is not known here; nil for all others.
  ///
  /// RFC 9112, 6.1: a server that does not know a transfer coding answers 501. What follows such a head cannot
  /// be told from the next request, so the connection ends.
  static func unknownCoding(of request: Request) -> Response? {
    let codings = request.headers[values: .transferEncoding].flatMap {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }.map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
    guard !codings.isEmpty, codings != ["chunked"] else { return nil }
    var response = plain(.notImplemented, "Of transfer codings there is chunked alone.\n")
    response.headers[.connection] = "close"
    return response
  }
}
