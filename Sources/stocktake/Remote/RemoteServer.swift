import Answers
import AsyncHTTPClient
import Crypto
import Glibc
import Inventory
import JSONTape
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOSSL
import Signatures

/// A server's own API, asked with signed requests.
struct RemoteServer {
  private let base: String
  private let host: String
  private let region: String
  private let keyID: String
  private let secret: [UInt8]
  private let sessionToken: String?
  private let certificates: String?

  init(url: String, region: String, certificates: String?) throws {
    var base = url
    while base.hasSuffix("/") { base.removeLast() }
    guard let scheme = ["http://", "https://"].first(where: base.hasPrefix),
      base.count > scheme.count, !base.dropFirst(scheme.count).contains("/")
    else {
      throw CommandFailure(
        .usage, "--server \"\(url.onOneLine)\": write http://HOST:PORT or https://HOST:PORT")
    }
    guard let keyID = environmentValue("AWS_ACCESS_KEY_ID"),
      let secret = environmentValue("AWS_SECRET_ACCESS_KEY")
    else {
      throw CommandFailure(
        .usage,
        "--server needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \"stocktake keys create\" on "
          + "the server makes them")
    }
    self.base = base
    host = String(base.dropFirst(scheme.count))
    // The local Region is what is meant where nobody says anything.
    let named = environmentValue("AWS_REGION") ?? environmentValue("AWS_DEFAULT_REGION")
    self.region = region == Scope.local.region ? named ?? region : region
    self.keyID = keyID
    self.secret = Array(secret.utf8)
    sessionToken = environmentValue("AWS_SESSION_TOKEN")
    self.certificates = certificates
  }

  /// Asks, and returns the body and the place to go on from.
  func get(
    _ path: String, _ query: [(String, String?)], accept: String
  ) throws -> (body: [UInt8], next: String?) {
    let pairs = query.compactMap { name, value in value.map { "\(name)=\(percentEncoded($0))" } }
    return try send(
      "GET", path, pairs.joined(separator: "&"), body: [], [("accept", accept)])
  }

  /// Hands reports over, one on each line; what became of each.
  func record(_ lines: [UInt8]) throws -> [JSONValue] {
    let answer = try send(
      "POST", "/v1/reports", "", body: lines,
      [("accept", "application/json"), ("content-type", "application/x-ndjson")])
    guard case .array(let rows) = try? JSONValue(parsing: answer.body.span.bytes) else {
      throw CommandFailure(.storeError, "\(base) answered what is no list")
    }
    return rows
  }

  private func send(
    _ method: String, _ path: String, _ query: String, body: [UInt8],
    _ headers: [(name: String, value: String)]
  ) throws -> (body: [UInt8], next: String?) {
    var signed = SignedRequest(
      method: method, path: path, query: query, headers: [("host", host)] + headers,
      bodyDigest: Array(SHA256.hash(data: body)))
    try signed.sign(
      accessKeyID: keyID, secret: secret, sessionToken: sessionToken, region: region,
      service: "ssm", timestamp: Self.timestamp())
    var fields = HTTPHeaders()
    for (name, value) in signed.headers where name != "host" {
      fields.add(name: name, value: value)
    }
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: try configuration())
    defer { try? client.syncShutdown() }
    do {
      let request = try HTTPClient.Request(
        url: base + path + (query.isEmpty ? "" : "?" + query),
        method: HTTPMethod(rawValue: method), headers: fields,
        body: body.isEmpty ? nil : .bytes(body))
      let answer = try client.execute(request: request, deadline: .now() + .seconds(120)).wait()
      let bytes = answer.body.map { Array($0.readableBytesView) } ?? []
      guard answer.status == .ok else { throw failure(answer.status.code, bytes) }
      return (bytes, answer.headers.first(name: "X-Stocktake-Next"))
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure(.storeError, "\(base): \(error)")
    }
  }

  private func configuration() throws -> HTTPClient.Configuration {
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(10)
    if let certificates {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.trustRoots = .file(certificates)
      configuration.tlsConfiguration = tls
    }
    return configuration
  }

  /// The server's error in the command's words.
  private func failure(_ status: UInt, _ body: [UInt8]) -> CommandFailure {
    let error = (try? JSONValue(parsing: body.span.bytes))?["error"]
    var message = "\(base) answered \(status)"
    if case .string(let text) = error?["message"] { message = text.onOneLine }
    switch status {
    case 404: return CommandFailure(.nothingFound, message)
    case 400, 405, 406: return CommandFailure(.usage, message)
    case 413, 415, 422: return CommandFailure(.badInput, message)
    default: return CommandFailure(.storeError, message)
    }
  }

  private static func timestamp() -> String {
    Instant.now.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
  }
}

extension RemoteServer {
  /// Answers a question of the command line from the server.
  ///
  /// For programs the server's own bytes; for people a table of the columns.
  func show(
    _ path: String, _ query: [(String, String?)], as format: OutputFormat, columns: [String],
    nothing: String
  ) throws {
    let printer = Printer()
    defer { printer.flush() }
    let media: [OutputFormat: String] = [
      .json: "application/json", .ndjson: "application/x-ndjson", .csv: "text/csv",
      .table: "application/json",
    ]
    let answer = try get(path, query, accept: media[format] ?? "application/json")
    guard format == .table else {
      printer.write(answer.body)
      if format == .json { printer.line() }
      let isEmpty = answer.body.isEmpty || answer.body == Array("[]".utf8)
      if isEmpty { throw CommandFailure(.nothingFound, nothing) }
      return
    }
    let value = try JSONValue(parsing: answer.body.span.bytes)
    var rows: [JSONValue] = []
    if case .array(let list) = value { rows = list } else { rows = [value] }
    guard !rows.isEmpty else { throw CommandFailure(.nothingFound, nothing) }
    Self.table(rows, columns).print(to: printer)
  }

  /// Columns in which no row has anything are left out.
  private static func table(_ rows: [JSONValue], _ columns: [String]) -> Table {
    let used = columns.filter { name in
      rows.contains { !CSV.field($0[name]).isEmpty && !["account", "region"].contains(name) }
    }
    var table = Table(
      used.enumerated().map { Table.Column($1.uppercased(), isElastic: $0 > 0) })
    table.rows = rows.map { row in used.map { .init(CSV.field(row[$0])) } }
    return table
  }
}
