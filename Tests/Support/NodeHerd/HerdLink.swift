import Foundation
import NIOCore
import NIOHTTP1

/// What came of a call.
struct HerdAnswer {
  /// 0 where the connection failed.
  var status: Int
  var body: ByteBuffer
  var seconds: Double

  /// The error's name in the body, as an agent looks for it.
  var error: String? {
    guard status != 200 else { return nil }
    guard status != 0 else { return "connection" }
    struct Named: Decodable { var __type: String? }
    let named = try? JSONDecoder().decode(Named.self, from: Data(body.readableBytesView))
    return named?.__type ?? "\(status)"
  }
}

/// One connection of a node: one request at a time.
final class HerdLink: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// nil before it is open and after it was closed.
  var channel: (any Channel)?
  private var completion: ((HerdAnswer) -> Void)?
  private var start = 0.0
  private var status = 0
  private var isRetired = false
  private var body = ByteBuffer()
  /// When it was used last.
  private(set) var lastUse = 0.0

  var isFree: Bool { completion == nil && channel?.isActive == true }

  func send(
    _ head: HTTPRequestHead, _ bytes: ByteBuffer, _ completion: @escaping (HerdAnswer) -> Void
  ) {
    guard let channel else {
      return completion(HerdAnswer(status: 0, body: ByteBuffer(), seconds: 0))
    }
    start = HerdClock.now
    lastUse = start
    self.completion = completion
    channel.write(HTTPClientRequestPart.head(head), promise: nil)
    channel.write(HTTPClientRequestPart.body(.byteBuffer(bytes)), promise: nil)
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      status = Int(head.status.code)
      body.clear()
    case .body(var part): body.writeBuffer(&part)
    case .end: finish(HerdAnswer(status: status, body: body, seconds: HerdClock.now - start))
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    channel = nil
    finish(HerdAnswer(status: 0, body: ByteBuffer(), seconds: HerdClock.now - start))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  /// Closes the connection, once the request that is under way is answered.
  func retire() {
    isRetired = true
    if completion == nil { close() }
  }

  func close() { channel?.close(promise: nil) }

  private func finish(_ answer: HerdAnswer) {
    lastUse = HerdClock.now
    let completion = completion
    self.completion = nil
    completion?(answer)
    if isRetired { close() }
  }
}

/// Seconds of a clock that never goes back.
enum HerdClock {
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
