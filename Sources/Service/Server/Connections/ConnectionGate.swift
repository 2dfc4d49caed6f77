import HTTPTypes
import JSONTape
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Lets one request of a connection through at a time, and closes connections whose clients neither send nor
/// read.
///
/// A request that comes while another is worked on waits until that one's answer has left for the client, and
/// nothing more is read meanwhile: so a connection holds one answer at most, whatever its client asks for and
/// however little it reads.
final class ConnectionGate: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Where a request that is worked on stands.
  private struct UnderWay {
    var isReceived = false
    var isAnswered = false
    /// Whether its client waits for a word before it sends the body.
    var awaitsWord: Bool
    var bodyBytes = 0
    /// Whether its answer says that the connection ends.
    var isLast = false
  }

  /// Bytes that are read at a time: a report is in one or two pieces, so few threads are woken for it.
  private static let readBytesMax = 1 << 18
  /// Bytes of answers that the kernel holds for a client and has not sent: what more there is waits with us,
  /// where it is counted.
  private static let unsentBytesMax = 1 << 17
  /// TCP_NOTSENT_LOWAT, which NIO has no name for.
  private static let unsentOption = NIOBSDSocket.Option(rawValue: 25)

  private let limits: ServerLimits
  private let connections: Quota?
  /// The connection of this handler's channel.
  var connection: Connection?

  private var underWay: UnderWay?
  /// Why what came is no request.
  private var fault: HTTPParserError?
  /// Parts of requests that came before it was their turn.
  private var held = CircularBuffer<HTTPRequestPart>()
  private var heldRequests = 0
  private var heldBytes = 0
  /// A wish to read, and the news that the client sends no more, that wait for their turn.
  private var wantsRead = false
  private var isInputClosed = false

  /// Whether any request has begun: until then there is as little time as within one.
  private var hasBegun = false
  /// When the client began to send, or fell idle.
  private var since = NIODeadline.now()
  /// When it last took something of its answer.
  private var tookAt = NIODeadline.now()
  private var unsentBytes = 0
  private var timer: RepeatedTask?

  /// - Parameter connections: counts those that are open; nil where that does not matter.
  init(limits: ServerLimits, connections: Quota? = nil) {
    self.limits = limits
    self.connections = connections
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    guard held.isEmpty, mayPass(part) else { return hold(part, context) }
    pass(part, context)
  }

  private func mayPass(_ part: HTTPRequestPart) -> Bool {
    if case .head = part { underWay == nil } else { underWay?.isReceived == false }
  }

  private func pass(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head):
      since = .now()
      hasBegun = true
      underWay = UnderWay(
        awaitsWord: head.headerFields[.expect]?.lowercased() == "100-continue")
    case .body(let bytes):
      underWay?.bodyBytes += bytes.readableBytes
      underWay?.awaitsWord = false
      // It was refused long ago, and its client sends on.
      if let count = underWay?.bodyBytes, count > 2 * limits.bodyBytesMax {
        return context.close(promise: nil)
      }
    case .end:
      // From here on it is the server that takes its time.
      underWay?.isReceived = true
    }
    context.fireChannelRead(wrapInboundOut(part))
    if case .end = part { goOn(context) }
  }

  private func hold(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    guard context.channel.isActive else { return }
    held.append(part)
    switch part {
    case .head: heldRequests += 1
    case .body(let bytes): heldBytes += bytes.readableBytes
    case .end: break
    }
    guard heldRequests > limits.pipelinedRequestsMax || heldBytes > limits.pipelinedBytesMax else {
      return
    }
    held.removeAll()
    context.close(promise: nil)
  }

  /// Once the request and its answer are through, the next ones come.
  private func goOn(_ context: ChannelHandlerContext) {
    guard let done = underWay, done.isReceived, done.isAnswered else { return }
    underWay = nil
    since = .now()
    var isAny = false
    while let part = held.first, mayPass(part) {
      held.removeFirst()
      switch part {
      case .head: heldRequests -= 1
      case .body(let bytes): heldBytes -= bytes.readableBytes
      case .end: break
      }
      isAny = true
      pass(part, context)
    }
    if isAny { context.fireChannelReadComplete() }
    guard held.isEmpty else { return }
    if isInputClosed {
      isInputClosed = false
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
    if wantsRead, underWay?.isReceived != true {
      wantsRead = false
      context.read()
    }
  }

  func read(context: ChannelHandlerContext) {
    if !held.isEmpty || underWay?.isReceived == true {
      wantsRead = true
    } else {
      context.read()
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      connection?.gone()
      guard held.isEmpty else {
        isInputClosed = true
        return
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fault = error as? HTTPParserError ?? fault
    context.fireErrorCaught(error)
  }

  // MARK: Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head) where underWay == nil && fault != nil && head.status == .badRequest:
      // Hummingbird's word on what is no request, which has no body.
      refuse(context, promise)
    case .head(let head):
      if head.status.kind == .informational { underWay?.awaitsWord = false }
      underWay?.isLast = head.headerFields[.connection] == "close"
      tookAt = .now()
      context.write(data, promise: promise)
    case .body: context.write(data, promise: promise)
    case .end:
      let written = promise ?? context.eventLoop.makePromise()
      let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
      written.futureResult.whenComplete { _ in
        let (gate, context) = bound.value
        gate.answered(context)
      }
      context.write(data, promise: written)
    }
  }

  /// Says what is wrong with what is no request.
  private func refuse(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
    let isLong = fault == .headerOverflow
    let message =
      isLong
      ? "the request line or the header fields are longer than \(limits.headerBytesMax) bytes"
      : "this is no HTTP request: \(fault.map { "\($0)" } ?? "")"
    var text: [UInt8] = []
    JSONValue.object([
      .init(
        "error",
        .object([
          .init("code", .string(isLong ? "headerTooLarge" : "badRequest")),
          .init("message", .string(message)),
        ]))
    ]).write(to: &text)
    let bytes = ByteBuffer(bytes: text)
    let head = HTTPResponse(
      status: .badRequest,
      headerFields: [
        .connection: "close", .contentType: "application/json",
        .contentLength: String(bytes.readableBytes),
      ])
    context.write(wrapOutboundOut(.head(head)), promise: promise)
    context.write(wrapOutboundOut(.body(bytes)), promise: nil)
  }

  /// The answer has left, or the connection is closed.
  private func answered(_ context: ChannelHandlerContext) {
    connection?.answered()
    guard context.channel.isActive, underWay != nil else { return }
    underWay?.isAnswered = true
    if underWay?.isLast == true { return context.close(promise: nil) }
    // The client may send the body, or the next request: nobody can tell which.
    if underWay?.isReceived == false, underWay?.awaitsWord == true {
      return context.close(promise: nil)
    }
    goOn(context)
  }

  // MARK: Time

  func handlerAdded(context: ChannelHandlerContext) {
    let buffers = AdaptiveRecvByteBufferAllocator(
      minimum: 2048, initial: 8192, maximum: Self.readBytesMax)
    // Where these cannot be set, all works as well.
    _ = context.channel.setOption(.recvAllocator, value: buffers)
    // One read at a time, or several would come before it is seen that their requests have to wait.
    _ = context.channel.setOption(.maxMessagesPerRead, value: 1)
    _ = context.channel.setOption(.tcpOption(Self.unsentOption), value: Self.unsentBytesMax)
    if context.channel.isActive { start(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    start(context)
    context.fireChannelActive()
  }

  private func start(_ context: ChannelHandlerContext) {
    guard timer == nil else { return }
    since = .now()
    let shortest = min(limits.secondsToSendMax, limits.secondsToReadMax)
    let pause = TimeAmount.milliseconds(max(100, shortest * 250))
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
      let (gate, context) = bound.value
      gate.look(context)
    }
  }

  /// Closes the connection where its client takes too long.
  private func look(_ context: ChannelHandlerContext) {
    let now = NIODeadline.now()
    if isStuck(context, now) {
      // Reset: what the kernel still has for the client goes too. The option is two words, on and 0 seconds.
      _ = context.channel.setOption(.socketOption(.so_linger), value: 1)
      return context.close(promise: nil)
    }
    // Until a request is received it is the client that takes its time, and between requests too.
    guard underWay?.isReceived != true else { return }
    let isReceiving = underWay != nil || !hasBegun
    let limit = isReceiving ? limits.secondsToSendMax : limits.secondsIdleMax
    let time = isCrowded ? min(limit, limits.secondsIdleCrowdedMax) : limit
    if now - since > .seconds(time) { context.close(promise: nil) }
  }

  /// Whether so many connections are open that soon no more can be taken.
  private var isCrowded: Bool {
    guard let connections else { return false }
    return connections.used > limits.connectionsMax - limits.connectionsMax / 4
  }

  /// Whether the client took nothing of what is written for too long.
  private func isStuck(_ context: ChannelHandlerContext, _ now: NIODeadline) -> Bool {
    let left = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    defer { unsentBytes = left }
    guard left > 0, left >= unsentBytes, unsentBytes > 0 else {
      tookAt = now
      return false
    }
    return now - tookAt > .seconds(limits.secondsToReadMax)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  private func end() {
    timer?.cancel()
    timer = nil
    held.removeAll()
    connection?.gone()
    connection?.answered()
    connection = nil
  }
}
