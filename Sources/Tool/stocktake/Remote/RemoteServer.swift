import Questions
import PlainText
import Inventory
import JSONTape
import NIOHTTP1

/// A server's own API, asked with signed requests.
struct RemoteServer {
  private let client: SignedClient

  init(url: String, region: String?, certificates: String?) throws {
    guard let credentials = AWSCredentials.ofEnvironment else {
      throw CommandFailure(
        .usage,
        "--server needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \"stocktake keys create\" on "
          + "the server makes them")
    }
    let region =
      region ?? environmentValue("AWS_REGION") ?? environmentValue("AWS_DEFAULT_REGION")
      ?? Scope.standard.region
    let client = SignedClient(
      url: url, region: region, credentials: credentials, certificates: certificates)
    guard let client else {
      throw CommandFailure(
        .usage, "--server \"\(url.onOneLine)\": write http://HOST:PORT or https://HOST:PORT")
    }
    self.client = client
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
      throw CommandFailure(.storeError, "\(client.base) answered what is no list")
    }
    return rows
  }

  /// Calls an operation by its target, such as `Stocktake.CollectNow`.
  func call(_ target: String, _ input: JSONValue) throws -> JSONValue {
    var body: [UInt8] = []
    input.write(to: &body)
    let answer = try client.send(
      "POST", "/", body: body,
      [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)])
    let value = (try? JSONValue(parsing: answer.body.span.bytes)) ?? .null
    guard answer.status == 200 else {
      let name = value["__type"]?.text ?? "status \(answer.status)"
      throw CommandFailure(
        name == "InvalidInstanceId" ? .nothingFound : .storeError,
        "\(client.base): \(name): \(value["message"]?.text ?? "")".onOneLine)
    }
    return value
  }

  private func send(
    _ method: String, _ path: String, _ query: String, body: [UInt8],
    _ headers: [(name: String, value: String)]
  ) throws -> (body: [UInt8], next: String?) {
    let answer = try client.send(method, path, query: query, body: body, headers)
    guard answer.status == 200 else { throw failure(answer.status, answer.body) }
    return (answer.body, answer.headers.first(name: "X-Stocktake-Next"))
  }

  /// The server's error in the command's words.
  private func failure(_ status: UInt, _ body: [UInt8]) -> CommandFailure {
    let error = (try? JSONValue(parsing: body.span.bytes))?["error"]
    var message = "\(client.base) answered \(status)"
    if case .string(let text) = error?["message"] { message = text.onOneLine }
    switch status {
    case 404: return CommandFailure(.nothingFound, message)
    case 400, 405, 406: return CommandFailure(.usage, message)
    case 413, 415, 422: return CommandFailure(.badInput, message)
    default: return CommandFailure(.storeError, message)
    }
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
