import NIOCore
import NIOHTTPTypes

/// Closes connections whose clients take too long to send a request.
///
/// One timer a connection looks now and then, so a request that comes at once costs a comparison.
final class SlowSenderHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private let timeToSend: TimeAmount
  private let idleTime: TimeAmount
  /// When the client began to send, or fell idle.
  private var since = NIODeadline.now()
  private var isReceiving = true
  private var isAnswering = false
  private var timer: RepeatedTask?

  init(limits: ServerLimits) {
    timeToSend = .seconds(limits.secondsToSendMax)
    idleTime = .seconds(limits.secondsIdleMax)
  }

  /// Bytes that are read at a time: a report is in one or two pieces, so few threads are woken for it.
  private static let readBytesMax = 1 << 18

  func handlerAdded(context: ChannelHandlerContext) {
    let buffers = AdaptiveRecvByteBufferAllocator(
      minimum: 2048, initial: 8192, maximum: Self.readBytesMax)
    // Only how much is read at a time: where it cannot be set, all works as well.
    _ = context.channel.setOption(.recvAllocator, value: buffers)
    if context.channel.isActive { start(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    start(context)
    context.fireChannelActive()
  }

  private func start(_ context: ChannelHandlerContext) {
    guard timer == nil else { return }
    since = .now()
    let pause = TimeAmount.milliseconds(max(100, timeToSend.nanoseconds / 4_000_000))
    let channel = context.channel
    let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
    timer = context.eventLoop.scheduleRepeatedTask(initialDelay: pause, delay: pause) { _ in
      let handler = loopBound.value
      let limit = handler.isReceiving ? handler.timeToSend : handler.idleTime
      if !handler.isAnswering, NIODeadline.now() - handler.since > limit {
        channel.close(promise: nil)
      }
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      isReceiving = true
      since = .now()
    case .end:
      // From here on it is the server that takes its time.
      isReceiving = false
      isAnswering = true
    case .body: break
    }
    context.fireChannelRead(data)
  }

  /// The answer is written: the client's time begins again.
  fileprivate func answered() {
    isAnswering = false
    since = .now()
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
  }
}

/// Tells the ``SlowSenderHandler`` of its connection when an answer is written.
final class AnswerWatcher: ChannelOutboundHandler, RemovableChannelHandler {
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let handler: SlowSenderHandler

  init(_ handler: SlowSenderHandler) { self.handler = handler }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { handler.answered() }
    context.write(data, promise: promise)
  }
}
