import AWSClient
import Files
import Inventory
import JSONTape
import PlainText
import Questions
import Terminal

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

  /// Asks a question; throws ``NothingKnown`` where the server never heard of a name in it.
  func get(_ path: String, _ query: String) throws -> Transport.Answer {
    let answer = try client.send("GET", path, query: query, [("accept", "application/json")])
    let error = (try? JSONValue(parsing: answer.body))?["error"]
    if answer.status == 404, let message = error?["message"]?.text { throw NothingKnown(message) }
    guard answer.status == 200 else { throw failure(answer.status, answer.body) }
    return answer
  }

  /// Hands reports over, one on each line; what became of each.
  func record(_ lines: [UInt8]) throws -> [JSONValue] {
    let answer = try client.send(
      "POST", "/v1/reports", body: lines,
      [("accept", "application/json"), ("content-type", "application/x-ndjson")])
    guard answer.status == 200 else { throw failure(answer.status, answer.body) }
    guard case .array(let rows) = try? JSONValue(parsing: answer.body) else { throw isNoJSON }
    return rows
  }

  /// Hands a request of JSON over; what is answered.
  func post(_ path: String, _ body: [UInt8]) throws -> JSONValue {
    let answer = try client.send(
      "POST", path, body: body,
      [("accept", "application/json"), ("content-type", "application/json")])
    guard answer.status == 200 else { throw failure(answer.status, answer.body) }
    return try JSONValue(parsing: answer.body)
  }

  /// Calls an operation of a service.
  func call(_ target: String, _ operation: String, _ input: JSONValue) throws -> JSONValue {
    let answer = try client.call(target, operation, input)
    let value = answer.document
    guard answer.status == 200 else {
      let name = value["__type"]?.text ?? "status \(answer.status)"
      throw CommandFailure(
        name == "InvalidInstanceId" ? .nothingFound : .storeError,
        "\(client.base): \(name): \(value["message"]?.text ?? "")".onOneLine)
    }
    guard case .object = value else { throw isNoJSON }
    return value
  }

  /// What is said of an answer that no server of ours gives.
  var isNoJSON: CommandFailure {
    CommandFailure(
      .storeError, "\(client.base) answered what is not its JSON; is it a server of Stocktake?")
  }

  /// The server's error in the command's words.
  private func failure(_ status: UInt, _ body: [UInt8]) -> CommandFailure {
    let error = (try? JSONValue(parsing: body))?["error"]
    var message = "\(client.base) answered \(status)"
    if case .string(let text) = error?["message"] { message = text.onOneLine }
    switch status {
    case 400, 405, 406: return CommandFailure(.usage, message)
    case 413, 415, 422: return CommandFailure(.badInput, message)
    default: return CommandFailure(.storeError, message)
    }
  }
}

extension RemoteServer {
  /// `collect`: hands one report over, and says what came of it.
  func record(_ report: Report) throws {
    var line: [UInt8] = []
    report.json.write(to: &line)
    guard let row = try record(line).first else {
      throw CommandFailure(.storeError, "the server answered nothing")
    }
    if case .string(let error) = row["error"] { throw CommandFailure(.badInput, error.onOneLine) }
    let sequence = row["sequence"].map { "record \(CSV.field($0))" } ?? "nothing new"
    Swift.print(
      "node \(report.node): \(counted(Self.count(row, "changes"), "change")), \(sequence)")
  }

  /// A count in an answer; 0 where there is none.
  static func count(_ row: JSONValue, _ name: String) -> Int {
    if case .integer(let number) = row[name] { Int(clamping: number) } else { 0 }
  }
}
