import AWSProtocol
import AccessKeys
import ArgumentParser
import Associations
import CMalloc
import CoreMetrics
import Files
import Glibc
import HistoryStore
import Inventory
import Logging
import NIOCore
import NodeRegistry
import PlainText
import Schedules
import Server
import SystemsManager
import Terminal

/// The command `stocktake serve`.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the store: the API of Systems Manager Inventory over HTTP or HTTPS.",
    discussion: """
      The first start makes an access key and writes it to first-key in the store's directory. The \
      answers are those of AWS, and the filter keys Stocktake:At, Stocktake:KnownAt and \
      Stocktake:ChangedSince travel in time.

      EXAMPLES
        stocktake serve
        env $(cat ~/.local/share/stocktake/first-key) aws ssm get-inventory \\
          --endpoint-url http://127.0.0.1:8055
        stocktake serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem

      SETTINGS
        Each option can also be set in the environment (STOCKTAKE_PORT, STOCKTAKE_TLS_CERT, …) or \
      in a JSON file (--config FILE: {"port": 8055, "tlsCert": "cert.pem"}). Options win over the \
      environment, that over the file.

      SIGNALS
        SIGTERM, SIGINT   take no more connections, finish what was accepted, end
        SIGHUP            read the certificate and its key again
      """)

  @OptionGroup var store: StoreOptions

  @Option(help: "A JSON file with settings.", completion: .file(extensions: ["json"]))
  var config: String?
  @Option(help: "The address to listen on. (default: 127.0.0.1)")
  var host: String?
  @Option(help: "The port to listen on; 0 for any that is free. (default: 8055)")
  var port: Int?
  @Option(help: "A file to write host:port into once connections are taken.", completion: .file())
  var portFile: String?
  @Option(help: "The certificate with its chain, in PEM.", completion: .file())
  var tlsCert: String?
  @Option(help: "The certificate's key, in PEM.", completion: .file())
  var tlsKey: String?
  @Option(
    help: "The file with the server's own secret. (default: server.key beside the store)",
    completion: .file())
  var keyFile: String?
  @Option(
    help:
      "trace, debug, info (a line for each request), notice, warning or error. (default: notice)")
  var logLevel: String?
  @Option(
    help:
      "A file for the audit, a line for each change that a key makes. (default: standard error)",
    completion: .file())
  var auditFile: String?
  @Option(help: "Bytes of a request's body at most. (default: 11534336)")
  var bodyBytesMax: Int?
  @OptionGroup(title: "Limits") var load: LoadOptions
  @Option(
    help: "Seconds of silence after which a node's ping status is ConnectionLost. (default: 5400)")
  var connectionLostAfter: Int?
  @Option(help: "Seconds that the credentials of a registered node count. (default: 3600)")
  var nodeTokenSeconds: Int?
  @Option(help: "Days after which an agent is told to make itself a new key. (default: never)")
  var nodeKeyDaysMax: Int?
  @Option(
    help: ArgumentHelp(
      "Seconds for which an agent's question for messages waits. (default: 18)",
      discussion:
        "From 20 up only for agents with a longer Mds.StopTimeoutMillis: others give up before the "
        + "answer, and what is sent to them comes late."))
  var messageWaitSeconds: Int?
  @Option(
    help: ArgumentHelp(
      "How often a new store has all nodes collect: rate(12 hours), cron(…) or none.",
      discussion: "Counts until an account has its first association. (default: rate(12 hours))"))
  var inventorySchedule: String?
  @Option(
    help: ArgumentHelp(
      "What a machine becomes that registers again: keep, new or refuse.",
      discussion:
        "keep: the node it was, by its fingerprint, with one history; new: a new node, as in AWS. "
        + "(default: keep)"))
  var reregistration: String?
  @Option(
    help: ArgumentHelp(
      "How often the store is checked: rate(1 day), cron(0 2 ? * SUN *) or none.",
      discussion: "verify --quick, in a process of low priority. (default: rate(1 day))"))
  var checkSchedule: String?
  @Option(
    help: "Seconds after which a reader of an old state is told of in the log. (default: 300)")
  var readerSecondsMax: Int?
  @Flag(help: "Take reports of nodes whose ids are not those of EC2 or managed instances.")
  var acceptAnyNodeId = false

  /// Bodies and answers are some 150 kB: memory that went back to the system after each would have to be
  /// cleared page by page for the next.
  private static func keepFreedMemory() {
    mallopt(M_MMAP_THRESHOLD, 32 << 20)
    mallopt(M_TRIM_THRESHOLD, 64 << 20)
  }

  func run() async throws {
    Self.keepFreedMemory()
    let settings = try await ServeSettings(file: config)
    let directory = try self.store.directory()
    var listening = try configuration(settings)
    var limits = ReportLimits.default
    limits.bodyBytesMax = listening.limits.bodyBytesMax
    let store = try self.store.openForWriting(limits: limits)
    listening.check = try ScheduledCheck.make(
      directory, store,
      schedule: settings.text("checkSchedule", checkSchedule) ?? ScheduledCheck.schedule)
    let configuration = listening
    let keyFile =
      settings.text("keyFile", keyFile) ?? directory + "/" + ServerSecret.fileName
    let logger = try logger(settings)
    do {
      let secret = try ServerSecret(file: keyFile)
      let keys = AccessKeyStore(store, secret: secret, keyFile: keyFile)
      let first = FirstKey(directory: directory)
      let metrics = PrometheusMetrics()
      MetricsSystem.bootstrap(metrics)
      try warnOfLongWaits(settings, logger)
      let registry = NodeRegistry(
        store, secret: secret, reregistration: try reregistration(settings))
      let server = HTTPServer(
        configuration, store: store,
        services: try services(store, registry, secret, settings),
        keys: keys, registry: registry, metrics: metrics, logger: logger,
        audit: Logger(label: Self.auditLabel))
      let portFile = settings.text("portFile", portFile)
      try await server.run { port in
        announce(configuration, port, first, keys, portFile)
      }
    } catch let error as AccessKeyError {
      throw CommandFailure(.storeError, error.description)
    } catch let error as IOError {
      let reason = unsafe String(cString: strerror(error.errnoCode))
      throw CommandFailure(
        .storeError,
        "cannot listen on \(configuration.host):\(configuration.port): \(reason)")
    } catch is SocketAddressError.UnknownHost {
      throw CommandFailure(
        .storeError,
        "cannot listen on \(configuration.host.onOneLine):\(configuration.port): that name is not known"
      )
    }
    logger.notice("stopped")
  }

  private func configuration(_ settings: ServeSettings) throws -> HTTPServer.Configuration {
    var configuration = HTTPServer.Configuration()
    configuration.version = Release.version
    configuration.host = settings.text("host", host) ?? configuration.host
    configuration.port = try settings.number("port", port, in: 0...65535) ?? configuration.port
    let bytes = try settings.number(
      "bodyBytesMax", bodyBytesMax, in: 1024...ReportLimits.bodyBytesCeiling)
    if let bytes { configuration.limits.bodyBytesMax = bytes }
    try load.apply(to: &configuration.limits, settings)
    let seconds = try settings.number("readerSecondsMax", readerSecondsMax, in: 1...86400)
    if let seconds { configuration.readerSecondsMax = Int64(seconds) }
    configuration.connectionLostAfter = try silence(settings) ?? configuration.connectionLostAfter
    let certificate = settings.text("tlsCert", tlsCert)
    let key = settings.text("tlsKey", tlsKey)
    guard (certificate == nil) == (key == nil) else {
      throw CommandFailure(.usage, "--tls-cert and --tls-key belong together")
    }
    if let certificate, let key {
      do {
        configuration.certificates = try Certificates(certificateFile: certificate, keyFile: key)
      } catch {
        throw CommandFailure(.badInput, "TLS: \(error)")
      }
    }
    return configuration
  }

  /// Seconds of silence after which a node counts as lost, if they are set.
  private func silence(_ settings: ServeSettings) throws -> Int64? {
    try settings.number("connectionLostAfter", connectionLostAfter, in: 1...(366 * 86400)).map {
      Int64($0)
    }
  }

  /// The services of AWS that are served.
  private func services(
    _ store: HistoryStore, _ registry: NodeRegistry, _ secret: ServerSecret,
    _ settings: ServeSettings
  ) throws -> [AWSProtocol.AWSService] {
    var nodes = try systemsManager(store, registry, secret, settings)
    let associations = Associations(
      store: store, registry: registry, nodes: nodes,
      configuration: try associations(secret, settings))
    nodes.tasks = associations
    try nodes.resume()
    return [nodes.service] + associations.services + [SecurityTokenService().service]
  }

  private func systemsManager(
    _ store: HistoryStore, _ registry: NodeRegistry, _ secret: ServerSecret,
    _ settings: ServeSettings
  ) throws -> SystemsManager {
    var configuration = SystemsManager.Configuration(
      tokenKey: secret.bytes(for: "page tokens"))
    configuration.acceptsAnyNodeID = settings.isOn("acceptAnyNodeId", acceptAnyNodeId)
    configuration.connectionLostAfter = try silence(settings) ?? configuration.connectionLostAfter
    if let seconds = try settings.number("nodeTokenSeconds", nodeTokenSeconds, in: 60...43200) {
      configuration.nodeTokenSeconds = Int64(seconds)
    }
    if let days = try settings.number("nodeKeyDaysMax", nodeKeyDaysMax, in: 0...3650) {
      configuration.nodeKeyAgeSecondsMax = Int64(days) * 86400
    }
    return try SystemsManager(store: store, registry: registry, configuration: configuration)
  }

  private func associations(
    _ secret: ServerSecret, _ settings: ServeSettings
  ) throws -> Associations.Configuration {
    var configuration = Associations.Configuration(tokenKey: secret.bytes(for: "page tokens"))
    if let seconds = try settings.number("messageWaitSeconds", messageWaitSeconds, in: 1...300) {
      configuration.messageWaitSeconds = Int64(seconds)
    }
    if let schedule = settings.text("inventorySchedule", inventorySchedule) {
      guard schedule == "none" || Schedule(schedule) != nil else {
        throw CommandFailure(
          .usage,
          "setting inventorySchedule is rate(12 hours), cron(0 2 ? * SUN *) or none, not "
            + "\"\(schedule.onOneLine)\"")
      }
      configuration.inventorySchedule = schedule == "none" ? nil : schedule
    }
    return configuration
  }

  /// Seconds after which amazon-ssm-agent gives up a question for messages, if not configured otherwise.
  ///
  /// Source: the agent's default of Mds.StopTimeoutMillis.
  private static let agentPatienceSeconds = 20

  private func warnOfLongWaits(_ settings: ServeSettings, _ logger: Logger) throws {
    let seconds = try settings.number("messageWaitSeconds", messageWaitSeconds, in: 1...300)
    guard let seconds, seconds >= Self.agentPatienceSeconds else { return }
    logger.warning(
      "messageWaitSeconds is for agents with a longer Mds.StopTimeoutMillis: others give up before",
      metadata: ["seconds": "\(seconds)", "agentDefault": "\(Self.agentPatienceSeconds)"])
  }

  private func reregistration(
    _ settings: ServeSettings
  ) throws -> NodeRegistry.Reregistration {
    guard let text = settings.text("reregistration", reregistration) else { return .keep }
    guard let value = NodeRegistry.Reregistration(rawValue: text) else {
      throw CommandFailure(
        .usage, "setting reregistration is keep, new or refuse, not \"\(text.onOneLine)\"")
    }
    return value
  }

  private func logger(_ settings: ServeSettings) throws -> Logger {
    let text = settings.text("logLevel", logLevel) ?? "notice"
    guard let level = Logger.Level(rawValue: text) else {
      throw CommandFailure(
        .usage, "setting logLevel is trace, debug, info, notice, warning or error, not \"\(text)\"")
    }
    let file = try settings.text("auditFile", auditFile).map { try LogFile($0) }
    LoggingSystem.bootstrap { label in
      guard label == Self.auditLabel else { return JSONLogHandler(label: label, level: level) }
      // However quiet the log is, changes are written down.
      return JSONLogHandler(label: label, level: min(level, .notice), file: file)
    }
    return Logger(label: "stocktake")
  }

  /// The logger of changes.
  private static let auditLabel = "stocktake.audit"

  /// Says where the server is, once it takes connections.
  private func announce(
    _ configuration: HTTPServer.Configuration, _ port: Int, _ first: FirstKey,
    _ keys: AccessKeyStore, _ portFile: String?
  ) {
    let scheme = configuration.certificates == nil ? "http" : "https"
    let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
    let endpoint = "\(scheme)://\(host):\(port)"
    let printer = Printer()
    printer.line("Stocktake \(Release.version) serves \(first.directory) at \(endpoint)")
    do {
      if try first.makeIfNone(keys, endpoint: endpoint) {
        printer.line("A first access key, for all of it, is in \(first.path) (mode 0600).")
      } else {
        try first.renew(endpoint: endpoint)
      }
    } catch { complain("\(error)") }
    if unsafe access(first.path, R_OK) == 0 {
      // AWS's tools of before 2023 do not know AWS_ENDPOINT_URL_SSM, which the file has.
      let keys = "env $(cat \(first.path.asShellWord))"
      let trusted = { (option: String) in
        (configuration.certificates?.certificateFile).map { " \(option) \($0.asShellWord)" } ?? ""
      }
      printer.line(
        "Try:  \(keys) aws ssm get-inventory --endpoint-url \(endpoint)\(trusted("--ca-bundle"))")
      printer.line(
        "      \(keys) \((CommandLine.arguments.first ?? programName).asShellWord) nodes "
          + "--server \(endpoint)\(trusted("--cacert"))")
    }
    printer.flush()
    guard let portFile else { return }
    do throws(FileError) {
      try Files.replace(portFile, with: Array("\(host):\(port)\n".utf8), mode: 0o644)
    } catch { complain("\(error)") }
  }
}
