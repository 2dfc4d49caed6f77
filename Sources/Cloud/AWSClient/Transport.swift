import AsyncHTTPClient
import NIOCore
import NIOFoundationCompat
package import NIOHTTP1
import NIOSSL

/// Requests to one server over HTTP or HTTPS, as they are.
package final class Transport: Sendable {
  /// What a server answered.
  package struct Answer: Sendable {
    /// The status of HTTP.
    package let status: UInt
    /// Its header fields.
    package let headers: HTTPHeaders
    /// Its body as it came.
    package let body: [UInt8]
  }

  /// A request, whose header fields are all there but Host and the length.
  package struct Call: Sendable {
    /// The verb of HTTP.
    package var method = "POST"
    /// The path, percent-coded.
    package var path = "/"
    /// What stands behind `?`, percent-coded.
    package var query = ""
    /// Header fields.
    package var headers: [(name: String, value: String)] = []
    /// The body as it is sent.
    package var body: [UInt8] = []
    /// Seconds until the whole answer must be there.
    package var secondsMax: Int64 = 120
    /// Bytes that an answer may have.
    package var answerBytesMax = 1 << 30
  }

  /// The server's address without a slash at its end, for messages.
  package let base: String
  /// The server's name and port, as the Host field has them.
  package let host: String
  private let client: HTTPClient

  /// Nothing is sent yet; nil where the address is not of the form `http://HOST:PORT`.
  package init?(
    url: String, certificates: String?, connectSeconds: Int64 = 10, followsRedirects: Bool = true
  ) {
    var base = url[...]
    while base.hasSuffix("/") { base.removeLast() }
    guard let scheme = ["http://", "https://"].first(where: base.hasPrefix) else { return nil }
    let host = base.dropFirst(scheme.count)
    guard !host.isEmpty, !host.contains("/") else { return nil }
    self.base = String(base)
    self.host = String(host)
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(connectSeconds)
    if !followsRedirects { configuration.redirectConfiguration = .disallow }
    // A server that is not there is told at once; who can wait tries again.
    configuration.connectionPool.retryConnectionEstablishment = false
    if let certificates {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(certificates)
      configuration.tlsConfiguration = tls
    }
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  deinit { try? client.syncShutdown() }

  /// The answer, whatever its status; blocks the thread, and throws where none came in time.
  func perform(_ call: Call) throws -> Answer {
    do { return try answer(try start(call).wait()) } catch { throw failure(error) }
  }

  /// The answer, whatever its status; throws where none came in time.
  ///
  /// Throws ``ClientError``.
  package func performed(_ call: Call) async throws -> Answer {
    do { return try answer(try await start(call).get()) } catch { throw failure(error) }
  }

  private func start(_ call: Call) throws -> EventLoopFuture<HTTPClient.Response> {
    var fields = HTTPHeaders()
    for (name, value) in call.headers where name != "host" { fields.add(name: name, value: value) }
    let request = try HTTPClient.Request(
      url: base + call.path + (call.query.isEmpty ? "" : "?" + call.query),
      method: HTTPMethod(rawValue: call.method), headers: fields,
      body: call.body.isEmpty ? nil : .bytes(call.body))
    let answer = ResponseAccumulator(request: request, maxBodySize: call.answerBytesMax)
    return client.execute(
      request: request, delegate: answer, deadline: .now() + .seconds(call.secondsMax)
    ).futureResult
  }

  private func answer(_ response: HTTPClient.Response) throws -> Answer {
    Answer(
      status: response.status.code, headers: response.headers,
      body: response.body.map { Array($0.readableBytesView) } ?? [])
  }

  private func failure(_ error: any Error) -> ClientError {
    ClientError(.noAnswer, "\(base): \(error)")
  }
}
