import Answers
import Foundation
import JSONTape

/// Systems Manager, or what answers like it, asked for its inventory.
struct InventoryService {
  private static let attemptsMax = 8
  private static let pageSize: Int64 = 50

  private let client: SignedClient

  init(endpoint: String?, region: String, credentials: AWSCredentials) throws {
    let url = endpoint ?? "https://ssm.\(region).amazonaws.com"
    guard let client = SignedClient(url: url, region: region, credentials: credentials) else {
      throw CommandFailure(.usage, "--endpoint-url \"\(url.onOneLine)\": write https://HOST")
    }
    self.client = client
  }

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
      let answer = try client.send(
        "POST", "/", body: body,
        [
          ("content-type", "application/x-amz-json-1.1"),
          ("x-amz-target", "AmazonSSM." + operation),
        ])
      let value = try? JSONValue(parsing: answer.body.span.bytes)
      if answer.status == 200, let value { return value }
      let name =
        value?["__type"]?.text?.split(separator: "#").last.map(String.init) ?? "\(answer.status)"
      let isBusy = name.contains("Throttl") || name.contains("TooMany") || answer.status >= 500
      guard isBusy, attempt < Self.attemptsMax, !Interruption.isRequested else {
        let message = value?["message"]?.text ?? value?["Message"]?.text ?? ""
        throw CommandFailure(
          .storeError, "\(client.base), \(operation): \(name) \(message)".onOneLine)
      }
      let pause = min(20, 0.2 * pow(2, Double(attempt))) * Double.random(in: 0.5...1)
      Thread.sleep(forTimeInterval: pause)
    }
  }
}
