import Files
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A request, and who waits for its answer.
final class Exchange: Sendable {
  /// Why there is no answer, in a few words.
  struct Fault: Error {
    let words: String

    init(_ words: String) { self.words = words }
  }

  /// The connection was closed while it waited: nothing of the request has left.
  struct NotSent: Error {}

  let head: HTTPRequestHead
  let body: [UInt8]
  let answerBytesMax: Int
  let deadline: NIODeadline
  private let promise: Mutex<EventLoopPromise<Transport.Answer>?>

  init(
    head: HTTPRequestHead, body: [UInt8], answerBytesMax: Int, deadline: NIODeadline,
    promise: EventLoopPromise<Transport.Answer>
  ) {
    self.head = head
    self.body = body
    self.answerBytesMax = answerBytesMax
    self.deadline = deadline
    self.promise = Mutex(promise)
  }

  /// Tells who waits; later results are dropped.
  func finish(_ result: Result<Transport.Answer, any Error>) {
    let waiting = promise.withLock { promise in
      defer { promise = nil }
      return promise
    }
    waiting?.completeWith(result)
  }

  /// What went wrong, without the words of libraries where people know others.
  static func sentence(_ error: any Error) -> String {
    switch error {
    case let fault as Fault: fault.words
    case let error as NIOConnectionError:
      if let first = error.connectionErrors.first {
        sentence(first.error)
      } else {
        "the name \(error.host) is not known"
      }
    case let error as IOError: Files.sentence(error.errnoCode)
    case ChannelError.connectTimeout: "no connection came about in time"
    case is NotSent, ChannelError.ioOnClosedChannel, ChannelError.eof:
      "the connection was closed before an answer"
    case is NIOSSLError where String(describing: error).contains("CERTIFICATE_VERIFY_FAILED"):
      "its certificate is not trusted"
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      "its certificate is for another name"
    case is NIOSSLError where String(describing: error).contains("WRONG_VERSION_NUMBER"):
      "it does not speak TLS; is it http://?"
    // What the libraries say themselves names their types, and lines of where they were built.
    case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: "TLS could not be agreed on"
    case HTTPParserError.invalidEOFState: "it closed the connection within its answer"
    case is HTTPParserError: "it does not answer in HTTP"
    default: "the connection failed"
    }
  }
}

/// Sends one request after the other over a connection, and takes the answers.
final class ExchangeHandler: ChannelDuplexHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundIn = Exchange
  typealias OutboundOut = HTTPClientRequestPart

  /// How long a connection waits for another call.
  private let idleMax: TimeAmount
  private var exchange: Exchange?
  private var head: HTTPResponseHead?
  private var body: [UInt8] = []
  private var end: Scheduled<Void>?
  private var isEnding = false
  /// Why a connection that was asked nothing yet came to its end, such as what TLS found.
  private var fault: (any Error)?
  private var wasAsked = false

  init(idleMax: TimeAmount) { self.idleMax = idleMax }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let exchange = unwrapOutboundIn(data)
    guard context.channel.isActive, !isEnding, self.exchange == nil else {
      promise?.fail(fault ?? Exchange.NotSent())
      return
    }
    self.exchange = exchange
    wasAsked = true
    close(context, at: exchange.deadline, because: "no answer came in time")
    context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
    if !exchange.body.isEmpty {
      let bytes = context.channel.allocator.buffer(bytes: exchange.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
    }
    context.write(wrapOutboundOut(.end(nil)), promise: promise)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let exchange else { return finish(context) }
    switch unwrapInboundIn(data) {
    case .head(let head): self.head = head
    case .body(let bytes):
      guard body.count + bytes.readableBytes <= exchange.answerBytesMax else {
        return fail(
          context, Exchange.Fault("an answer of more than \(exchange.answerBytesMax) bytes"))
      }
      body += bytes.readableBytesView
    case .end:
      guard let head else { return }
      let answer = Transport.Answer(status: head.status.code, headers: head.headers, body: body)
      (self.exchange, self.head, body) = (nil, nil, [])
      if head.isKeepAlive {
        close(context, at: .now() + idleMax, because: "")
      } else {
        finish(context)
      }
      exchange.finish(.success(answer))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    end?.cancel()
    exchange?.finish(.failure(ChannelError.eof))
    exchange = nil
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, error) }

  private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
    if !wasAsked { fault = error }
    exchange?.finish(.failure(error))
    exchange = nil
    finish(context)
  }

  private func finish(_ context: ChannelHandlerContext) {
    isEnding = true
    end?.cancel()
    context.close(promise: nil)
  }

  /// Ends the connection at a time, unless something else is agreed until then.
  private func close(_ context: ChannelHandlerContext, at time: NIODeadline, because words: String)
  {
    end?.cancel()
    end = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) {
      self.fail(context, Exchange.Fault(words))
    }
  }
}
