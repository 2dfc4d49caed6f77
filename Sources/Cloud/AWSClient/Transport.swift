import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Requests to one server over HTTP/1.1, with TLS or without, as they are: no redirect is followed, and nothing is
/// sent twice.
///
/// Connections are kept for a few seconds, for who calls again at once.
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
  private let place: ServerPlace
  private let connectSeconds: Int64
  private let idleSeconds: Int64
  /// What TLS trusts, read at the first connection; nil without TLS.
  private let trust: Mutex<ServerTrust>?
  /// Connections that wait for a call, the newest last.
  private let idle = Mutex<[any Channel]>([])

  /// Nothing is sent yet; nil where the address is not of the form `http://HOST:PORT`.
  package convenience init?(url: String, certificates: String?, connectSeconds: Int64 = 10) {
    // Less than after what any server hangs up.
    self.init(
      url: url, certificates: certificates, connectSeconds: connectSeconds, idleSeconds: 4)
  }

  init?(url: String, certificates: String?, connectSeconds: Int64, idleSeconds: Int64) {
    var base = url[...]
    while base.hasSuffix("/") { base.removeLast() }
    guard let place = ServerPlace(base) else { return nil }
    self.base = String(base)
    self.place = place
    self.connectSeconds = connectSeconds
    self.idleSeconds = idleSeconds
    host = place.host
    trust = place.isSecure ? Mutex(.certificates(certificates)) : nil
  }

  deinit {
    for channel in idle.withLock({ $0 }) { channel.close(mode: .all, promise: nil) }
  }

  /// The answer, whatever its status; blocks the thread, and throws where none came in time.
  func perform(_ call: Call) throws -> Answer {
    do { return try start(call).wait() } catch { throw failure(error) }
  }

  /// The answer, whatever its status; throws where none came in time.
  ///
  /// Throws ``ClientError``.
  package func performed(_ call: Call) async throws -> Answer {
    do { return try await start(call).get() } catch { throw failure(error) }
  }

  private func start(_ call: Call) throws -> EventLoopFuture<Answer> {
    let uri = call.path + (call.query.isEmpty ? "" : "?" + call.query)
    guard uri.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw Exchange.Fault("a path with blanks or other characters that are not percent-coded")
    }
    var fields = HTTPHeaders([("host", host)])
    for (name, value) in call.headers where name != "host" { fields.add(name: name, value: value) }
    if !call.body.isEmpty || call.method != "GET" {
      fields.replaceOrAdd(name: "content-length", value: String(call.body.count))
    }
    let head = HTTPRequestHead(
      version: .http1_1, method: HTTPMethod(rawValue: call.method), uri: uri, headers: fields)
    let deadline = NIODeadline.now() + .seconds(call.secondsMax)
    return try run(deadline) {
      Exchange(
        head: head, body: call.body, answerBytesMax: call.answerBytesMax, deadline: deadline,
        promise: $0)
    }
  }

  /// Sends over a connection that waits, or a new one.
  private func run(
    _ deadline: NIODeadline, _ exchange: @escaping @Sendable (EventLoopPromise<Answer>) -> Exchange
  ) throws -> EventLoopFuture<Answer> {
    if let channel = waiting() {
      return send(exchange, over: channel).flatMapError { error in
        // It was closed before anything of the request left.
        guard error is Exchange.NotSent else { return channel.eventLoop.makeFailedFuture(error) }
        do {
          return try self.connect(deadline).flatMap { self.send(exchange, over: $0) }
            .hop(to: channel.eventLoop)
        } catch { return channel.eventLoop.makeFailedFuture(error) }
      }
    }
    return try connect(deadline).flatMap { self.send(exchange, over: $0) }
  }

  /// How many connections wait for a call.
  var idleCount: Int { idle.withLock { $0.filter(\.isActive).count } }

  private func waiting() -> (any Channel)? {
    idle.withLock { channels in
      while let channel = channels.popLast() {
        if channel.isActive { return channel }
      }
      return nil
    }
  }

  private func send(
    _ exchange: (EventLoopPromise<Answer>) -> Exchange, over channel: any Channel
  ) -> EventLoopFuture<Answer> {
    let promise = channel.eventLoop.makePromise(of: Answer.self)
    let exchange = exchange(promise)
    channel.writeAndFlush(exchange).whenFailure { exchange.finish(.failure($0)) }
    return promise.futureResult.always { result in
      guard case .success = result, channel.isActive else { return }
      self.idle.withLock { $0.append(channel) }
    }
  }

  private func connect(_ deadline: NIODeadline) throws -> EventLoopFuture<any Channel> {
    let context = try trust?.withLock { trust in try trust.context() }
    let (place, idleMax) = (place, TimeAmount.seconds(idleSeconds))
    let left = max(.milliseconds(1), deadline - .now())
    return ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connectTimeout(min(.seconds(connectSeconds), left))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let context {
            try pipeline.addHandler(
              try NIOSSLClientHandler(context: context, serverHostname: place.nameForTLS))
          }
          try pipeline.addHTTPClientHandlers()
          try pipeline.addHandler(ExchangeHandler(idleMax: idleMax))
        }
      }
      .connect(host: place.name, port: place.port)
  }

  private func failure(_ error: any Error) -> ClientError {
    ClientError(.noAnswer, "\(base): \(Exchange.sentence(error))")
  }
}
