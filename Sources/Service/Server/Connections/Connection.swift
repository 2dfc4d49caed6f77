import Glibc
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// What a connection and the request that is worked on have to tell each other.
final class Connection: Sendable {
  /// The connection of the task that runs.
  @TaskLocal static var current: Connection?

  private struct State {
    var isGone = false
    /// Stops what the client waits for.
    var abandon: (@Sendable () -> Void)?
    /// What the request and its answer take, until that has left.
    var lots: [Quota.Lot] = []
  }

  /// Where the client is, as limits see it.
  let address: String
  /// Its address and port, for the log.
  let source: String
  private let channel: (any Channel)?
  private let room: Quota.Lot?
  private let state = Mutex(State())

  /// For what has no connection of its own.
  static let nobody = Connection()

  private init() {
    address = ""
    source = ""
    channel = nil
    room = nil
  }

  /// - Parameter room: given back when the connection is no more.
  init(_ channel: any Channel, room: Quota.Lot) {
    self.channel = channel
    self.room = room
    address = Self.address(of: channel)
    let remote = channel.remoteAddress
    source = remote.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" } ?? ""
  }

  /// The address of a channel's client; of IPv6 the network, for a client has all of its addresses.
  static func address(of channel: any Channel) -> String {
    let text = String((channel.remoteAddress?.ipAddress ?? "").prefix { $0 != "%" })
    var bytes = [UInt8](repeating: 0, count: 16)
    guard unsafe inet_pton(AF_INET6, text, &bytes) == 1 else { return text }
    // IPv4 in the form of IPv6.
    if bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] {
      return bytes.suffix(4).map(String.init).joined(separator: ".")
    }
    return bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: ":")
  }

  /// Runs what only makes sense for as long as the client is there: it is cancelled when it hangs up.
  func abandonable<R: Sendable>(
    _ body: @escaping @Sendable () async throws -> R
  ) async throws -> R {
    let task = Task { try await body() }
    let isGone = state.withLock { state in
      state.abandon = { task.cancel() }
      return state.isGone
    }
    if isGone { task.cancel() }
    defer { state.withLock { $0.abandon = nil } }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// The client hung up.
  func gone() {
    let abandon = state.withLock { state in
      state.isGone = true
      return state.abandon
    }
    abandon?()
  }

  /// Keeps what a request takes until its answer has left.
  func keep(_ lot: Quota.Lot) { state.withLock { $0.lots.append(lot) } }

  /// The answer has left, or never will.
  func answered() {
    let lots = state.withLock { state in
      defer { state.lots = [] }
      return state.lots
    }
    withExtendedLifetime(lots) {}
  }

  /// Has a client send its body that asked whether it should.
  func sayContinue() {
    channel?.writeAndFlush(
      HTTPResponsePart.head(HTTPResponse(status: .continue)), promise: nil)
  }
}
