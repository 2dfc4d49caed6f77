package import AccessKeys
package import AWSProtocol
import HTTPTypes
import HistoryAPI
package import HistoryStore
import Hummingbird
import HummingbirdTLS
package import Logging
import NIOCore
import NIOPosix
package import NodeRegistry
import HummingbirdCore
import Inventory
import ServiceLifecycle
import UnixSignals

/// The HTTP server: limits, signatures, routes, health and metrics around the store.
package struct HTTPServer: Sendable {
  /// How it listens.
  package struct Configuration: Sendable {
    package var host = "127.0.0.1"
    /// 0 for one that is free.
    package var port = 8055
    package var limits = ServerLimits()
    /// For TLS; nil for plain HTTP.
    package var certificates: Certificates?
    /// Seconds after which a reader that still reads an old state of the store is told of.
    package var readerSecondsMax: Int64 = 300
    /// Seconds of silence after which a node counts as lost.
    package var connectionLostAfter = NodePing.lostAfterStandard
    /// How the store is checked; nil for never.
    package var check: StoreCheck?
    /// The version of the program, as metrics tell it.
    package var version = ""

    package init() {}
  }

  let configuration: Configuration
  let store: HistoryStore
  let services: AWSServices
  let historyAPI: HistoryAPI
  let authenticator: Authenticator
  let admission: Admission
  let refusedPolls = RefusedPolls()
  /// Questions about the fleet, and such as look at one node: neither waits for the other.
  let questions: QuestionLane
  let lookups: QuestionLane
  let metrics: PrometheusMetrics
  private let requestMetrics: RequestMetrics
  let watch: StoreWatch
  let fleet: FleetGauges
  let logger: Logger
  /// Where changes are written down.
  let audit: Logger

  /// - Parameter services: what is served below `/`; each brings its operations, names and errors.
  package init(
    _ configuration: Configuration, store: HistoryStore, services: [AWSService],
    keys: AccessKeyStore, registry: NodeRegistry, metrics: PrometheusMetrics, logger: Logger,
    audit: Logger
  ) {
    self.configuration = configuration
    self.store = store
    self.services = AWSServices(services)
    self.metrics = metrics
    requestMetrics = RequestMetrics(factory: metrics)
    watch = StoreWatch(
      store, secondsMax: configuration.readerSecondsMax, metrics: metrics, logger: logger)
    let pings = services.compactMap(\.lastPing)
    fleet = FleetGauges(store, metrics: metrics) { scope, node in
      pings.compactMap { $0(scope, node) }.max()
    }
    self.logger = logger
    self.audit = audit
    historyAPI = HistoryAPI(
      store: store, connectionLostAfter: configuration.connectionLostAfter)
    authenticator = Authenticator(keys, registry, now: store.now.seconds)
    admission = Admission(limits: configuration.limits)
    questions = QuestionLane(threads: System.coreCount, limits: configuration.limits)
    lookups = QuestionLane(threads: max(1, System.coreCount / 2), limits: configuration.limits)
  }

  /// Serves until a signal to stop; then finishes what was accepted, and returns.
  ///
  /// - Parameter onRunning: told the port once connections are taken.
  package func run(onRunning: @escaping @Sendable (Int) async -> Void) async throws {
    let limits = configuration.limits
    let connections = ConnectionTasks()
    let http = HTTPServerBuilder { responder in
      let channel = HTTP1Channel(
        responder: responder,
        configuration: .init(
          additionalChannelHandlers: [
            ConnectionGate(limits: limits, connections: admission.connections)
          ],
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: limits.headerBytesMax, maxHeaderListSize: limits.headerBytesMax,
            maxHeaderFieldCount: limits.headerCountMax)))
      return FreeChannel(base: channel, tasks: connections, admission: admission)
    }
    let server =
      if let certificates = configuration.certificates {
        try HTTPServerBuilder.tls(http, tlsConfiguration: certificates.configuration)
      } else { http }
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    // The work is done elsewhere; fewer loops are woken less often for more at a time.
    let application = Application(
      responder: CallbackResponder<BasicRequestContext> { request, _ in
        await respond(to: request)
      },
      server: server,
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: "stocktake",
        backlog: 4096,
        availableConnectionsDelegate: .maximum(limits.connectionsMax, logger: quiet)),
      onServerRunning: { channel in
        // A busy loop comes by less often than nodes connect.
        try? await channel.setOption(.maxMessagesPerRead, value: Self.acceptedAtOnceMax).get()
        await onRunning(channel.localAddress?.port ?? 0)
      },
      eventLoopGroupProvider: .shared(
        MultiThreadedEventLoopGroup(numberOfThreads: max(1, System.coreCount / 2))),
      logger: quiet)
    let services: [any Service] =
      [
        application, Housekeeping(self.services.all.compactMap(\.upkeep), logger),
        FreedMemory(logger: logger),
        StoreCare(
          watch: watch, check: configuration.check, now: { [store] in store.now }, logger: logger),
      ]
      + (configuration.certificates.map { [CertificateReloader($0, logger)] } ?? [])
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services.map {
          ServiceGroupConfiguration.ServiceConfiguration(
            service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
        },
        gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    try await group.run()
    await connections.ended()
    // What was heard while the last requests were finished.
    for upkeep in self.services.all.compactMap(\.upkeep) { try upkeep.save(everything: true) }
  }

  /// Connections that are taken each time that the loop looks for new ones.
  private static let acceptedAtOnceMax: UInt = 64

  /// Answers any request.
  func respond(to request: Request) async -> Response {
    let connection = Connection.current ?? Connection.nobody
    let record = RequestRecord(id: RequestID.next(), address: connection.source)
    let (answer, operation) = await RequestRecord.$current.withValue(record) {
      await route(request, connection, id: record.id)
    }
    let found = request.method == .head ? Self.headOnly(answer) : answer
    var response = withRoom(found, connection, path: request.uri.path, id: record.id)
    let status = response.status.code
    requestMetrics.count(operation, status: status, nanoseconds: record.microseconds * 1000)
    if let count = response.body.contentLength {
      record.noteOut(count)
      record.log(operation, status: status, to: logger)
    } else {
      // How much it is, is known at its end.
      let body = response.body.map { part in
        record.noteOut(part.readableBytes)
        return part
      }
      response.body = ResponseBody { [logger] writer in
        defer { record.log(operation, status: status, to: logger) }
        try await body.write(writer)
      }
    }
    return response
  }

  /// The answer once there is room for it until its client has taken it; else one that says that there is
  /// none.
  private func withRoom(
    _ response: Response, _ connection: Connection, path: String, id: String
  ) -> Response {
    let count = response.body.contentLength ?? 0
    guard count > configuration.limits.uncountedBytesMax else { return response }
    let payer = Payer(key: nil, address: connection.address)
    // What is longer than an address can ever have is not a matter of time.
    guard count <= admission.answerBytes.addressMax else {
      return path == "/"
        ? Self.response(400, tooLong(count).body, id) : Self.response(tooLong(count), id)
    }
    guard let room = admission.answerBytes.take(count, for: payer) else {
      return path == "/"
        ? Self.response(AWSError.throttling.status, AWSError.throttling.body, id)
        : Self.response(.throttling, id)
    }
    connection.keep(room)
    return response
  }

  private func tooLong(_ count: Int) -> AWSError {
    AWSError(
      "AnswerTooLargeException",
      "The answer has \(count) bytes, and this server holds \(admission.answerBytes.addressMax) for one "
        + "address: ask for less at a time, or raise its answerBytesInFlightMax.")
  }

  private func route(
    _ request: Request, _ connection: Connection, id: String
  ) async -> (Response, String) {
    let path = request.uri.path
    if let response = Self.unknownCoding(of: request) { return (response, "none") }
    switch (request.method, path) {
    case (.post, "/") where services.queryNamespace != nil && Self.isQuery(request):
      let (response, action) = await query(request, connection, id: id)
      return (response, action)
    case (.post, "/"):
      let (response, operation) = await operation(request, connection, id: id)
      return (response, operation)
    case (_, let path) where path.hasPrefix("/v1/control-channel/"):
      return (Self.controlChannel(), "control-channel")
    case (_, let path) where path == "/v1" || path.hasPrefix("/v1/"):
      return (await history(request, connection, id: id), Self.label(path))
    default: return page(request.method, path)
    }
  }

  /// What stands for itself: where to begin, health, and metrics; for anybody.
  private func page(_ method: HTTPRequest.Method, _ path: String) -> (Response, String) {
    let pages: [String: (label: String, methods: [String], answer: () -> Response)] = [
      "/": ("index", ["GET", "POST"], Self.index),
      "/healthz": ("healthz", ["GET"], { Self.plain(.ok, "ok\n") }),
      "/readyz": ("readyz", ["GET"], ready), "/metrics": ("metrics", ["GET"], scrape),
    ]
    guard let page = pages[path] else {
      return (
        Self.plain(.notFound, "There is nothing at \(path.prefix(200)).\n"), "none"
      )
    }
    if method == .get || method == .head { return (page.answer(), page.label) }
    return (Self.otherMethod(method, HistoryAPI.methods(page.methods)), page.label)
  }

  /// What a request counts under: the path without the names in it.
  private static func label(_ path: String) -> String {
    let parts = path.split(separator: "/").prefix(4)
    let isOfNode = parts.count > 2 && parts[parts.startIndex + 1] == "nodes"
    let word = isOfNode ? (parts.count > 3 ? parts.last : "node") : parts.dropFirst().first
    let known = [
      "nodes", "node", "state", "history", "diff", "types", "holders", "rollout", "rollup",
      "changes", "reports", "openapi.json",
    ]
    return word.map(String.init).flatMap { known.contains($0) ? "v1-" + $0 : nil } ?? "v1-other"
  }

  static func plain(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// Whether questions can be answered, and what the last check of the store found.
  private func ready() -> Response {
    do {
      _ = try store.lastSequence
      let check = configuration.check?.last.map { $0.line + "\n" } ?? ""
      return Self.plain(.ok, "ready\n" + check)
    } catch {
      return Self.plain(.serviceUnavailable, "not ready: \(error)\n")
    }
  }
}

/// Ids of requests, in the form of a UUID.
enum RequestID {
  static func next() -> String {
    var generator = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(36)
    var bits = (generator.next() as UInt64, generator.next() as UInt64)
    for index in 0..<32 {
      if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
      if index == 16 { bits.0 = bits.1 }
      text.append(index == 12 ? UInt8(ascii: "4") : digits[Int(bits.0 & 15)])
      bits.0 >>= 4
    }
    return String(decoding: text, as: UTF8.self)
  }
}

/// Writes down every minute what is kept in memory for speed, and lets nobody wait when it stops.
private struct Housekeeping: Service {
  let upkeep: [any Upkeep]
  let logger: Logger

  init(_ upkeep: [any Upkeep], _ logger: Logger) {
    self.upkeep = upkeep
    self.logger = logger
  }

  func run() async throws {
    await withGracefulShutdownHandler {
      try? await cancelWhenGracefulShutdown {
        while true {
          try await Task.sleep(for: .seconds(60))
          for upkeep in upkeep {
            do { try upkeep.save(everything: false) } catch {
              logger.error("cannot write down pings", metadata: ["error": "\(error)"])
            }
          }
        }
      }
    } onGracefulShutdown: {
      for upkeep in upkeep { upkeep.endWaits() }
    }
  }
}

/// Reads the certificates again on SIGHUP.
private struct CertificateReloader: Service {
  let certificates: Certificates
  let logger: Logger

  init(_ certificates: Certificates, _ logger: Logger) {
    self.certificates = certificates
    self.logger = logger
  }

  func run() async throws {
    for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
      do {
        try certificates.reload()
        logger.notice("certificates were read again")
      } catch {
        logger.error(
          "certificates could not be read; the old ones stay", metadata: ["error": "\(error)"])
      }
    }
  }
}
