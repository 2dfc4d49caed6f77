import HTTPTypes
import Hummingbird
import JSONTape
import Logging
import NIOCore
import Synchronization

/// A server that answers operations as a test says, over a socket, and remembers what it was asked.
final class ScriptedServer: Sendable {
  /// A call of an operation.
  struct Call: Sendable {
    var operation: String
    var input: JSONValue
  }

  /// What answers: a status and a document.
  typealias Script = @Sendable (Call) -> (status: Int, document: String)

  private struct Memory {
    var calls: [Call] = []
    var script: Script = { _ in (200, "{}") }
  }

  private let memory = Mutex(Memory())
  private let task = Mutex<Task<Void, any Error>?>(nil)
  private let port = AsyncStream<Int>.makeStream()

  deinit { task.withLock { $0?.cancel() } }

  /// What it was asked so far.
  var calls: [Call] { memory.withLock { $0.calls } }

  /// The operations that it was asked for so far, in order.
  var operations: [String] { calls.map(\.operation) }

  /// Answers from now on as a script says, and forgets what it was asked.
  func answer(_ script: @escaping Script) { memory.withLock { $0 = Memory(script: script) } }

  /// Listens on a free port; the address.
  func start() async throws -> String {
    let application = Application(
      responder: CallbackResponder { [weak self] (request: Request, _: BasicRequestContext) in
        let body = try await request.body.collect(upTo: 1 << 24)
        guard let self else { return Response(status: .serviceUnavailable) }
        return self.response(request.headers, Array(body.readableBytesView))
      },
      configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { [port] channel in
        port.continuation.yield(channel.localAddress?.port ?? 0)
      },
      logger: Logger(label: "scripted") { _ in SwiftLogNoOpLogHandler() })
    task.withLock { $0 = Task { try await application.run() } }
    for await port in port.stream { return "http://127.0.0.1:\(port)" }
    return ""
  }

  private func response(_ headers: HTTPFields, _ body: [UInt8]) -> Response {
    let target = HTTPField.Name("x-amz-target").flatMap { headers[$0] } ?? ""
    let call = Call(
      operation: String(target.split(separator: ".").last ?? ""),
      input: (try? JSONValue(parsing: body.span.bytes)) ?? .null)
    let script = memory.withLock { memory in
      memory.calls.append(call)
      return memory.script
    }
    let (status, document) = script(call)
    return Response(
      status: .init(code: status), body: .init(byteBuffer: ByteBuffer(string: document)))
  }
}
