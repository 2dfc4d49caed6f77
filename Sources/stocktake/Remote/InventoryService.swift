import Answers
import AsyncHTTPClient
import Crypto
import Foundation
import Inventory
import JSONTape
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Signatures

/// Systems Manager, or what answers like it, asked for its inventory.
struct InventoryService {
  private static let attemptsMax = 8
  private static let pageSize: Int64 = 50

  private let base: String
  private let region: String
  private let credentials: AWSCredentials
  private let client: HTTPClient

  init(endpoint: String?, region: String, credentials: AWSCredentials) throws {
    var base = endpoint ?? "https://ssm.\(region).amazonaws.com"
    while base.hasSuffix("/") { base.removeLast() }
    guard base.hasPrefix("http://") || base.hasPrefix("https://") else {
      throw CommandFailure(.usage, "--endpoint-url \"\(base.onOneLine)\": write https://HOST")
    }
    self.base = base
    self.region = region
    self.credentials = credentials
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .seconds(10)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  func shutdown() { try? client.syncShutdown() }

  /// All pages of an operation, one after the other, to a closure.
  func pages(
    _ operation: String, _ input: [JSONValue.Member], pageSize: Int64 = pageSize,
    _ take: (JSONValue) throws -> Void
  ) throws {
    var token: String?
    repeat {
      var input = input + [.init("MaxResults", .integer(pageSize))]
      if let token { input.append(.init("NextToken", .string(token))) }
      let page = try call(operation, .object(input))
      try take(page)
      token = page["NextToken"]?.text
    } while token?.isEmpty == false
  }

  /// One request; it is made again, after a pause that doubles, where the service has too much to do.
  private func call(_ operation: String, _ input: JSONValue) throws -> JSONValue {
    var body: [UInt8] = []
    input.write(to: &body)
    var attempt = 0
    while true {
      attempt += 1
      let (status, answer) = try send(operation, body)
      let value = try? JSONValue(parsing: answer.span.bytes)
      if status == 200, let value { return value }
      let name = value?["__type"]?.text?.split(separator: "#").last.map(String.init) ?? "\(status)"
      let isBusy = name.contains("Throttl") || name.contains("TooMany") || status >= 500
      guard isBusy, attempt < Self.attemptsMax, !Interruption.isRequested else {
        let message = value?["message"]?.text ?? value?["Message"]?.text ?? ""
        throw CommandFailure(.storeError, "\(base), \(operation): \(name) \(message)".onOneLine)
      }
      let pause = min(20, 0.2 * pow(2, Double(attempt))) * Double.random(in: 0.5...1)
      Thread.sleep(forTimeInterval: pause)
    }
  }

  private func send(_ operation: String, _ body: [UInt8]) throws -> (UInt, [UInt8]) {
    let host = String(base.drop { $0 != "/" }.dropFirst(2))
    var signed = SignedRequest(
      method: "POST", path: "/", query: "",
      headers: [
        ("host", host), ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "AmazonSSM." + operation),
      ], bodyDigest: Array(SHA256.hash(data: body)))
    let time = Instant.now.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    try signed.sign(
      accessKeyID: credentials.keyID, secret: credentials.secret,
      sessionToken: credentials.sessionToken, region: region, service: "ssm", timestamp: time)
    var fields = HTTPHeaders()
    for (name, value) in signed.headers where name != "host" {
      fields.add(name: name, value: value)
    }
    do {
      let request = try HTTPClient.Request(
        url: base + "/", method: .POST, headers: fields, body: .bytes(body))
      let answer = try client.execute(request: request, deadline: .now() + .seconds(120)).wait()
      return (answer.status.code, answer.body.map { Array($0.readableBytesView) } ?? [])
    } catch {
      throw CommandFailure(.storeError, "\(base): \(error)")
    }
  }
}
