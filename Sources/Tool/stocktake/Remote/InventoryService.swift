import AWSClient
import Foundation
import JSONTape
import PlainText
import Terminal

/// Systems Manager, or what answers like it, asked for its inventory.
final class InventoryService {
  /// Times a request is made where nobody says otherwise; AWS's tools give up earlier, but a fleet
  /// that moves over asks for more than they do.
  private static let attemptsDefault = 8
  private static let attempts = 1...100
  private static let pageSize: Int64 = 50
  /// What is answered to keys that have ended, or that are not known any more.
  private static let endings: Set<String> = [
    "ExpiredTokenException", "ExpiredToken", "RequestExpired", "UnrecognizedClientException",
    "InvalidClientTokenId",
  ]

  private let client: SignedClient
  private let chain: CredentialChain
  private let attemptsMax: Int
  /// Whether it ever answered, so that silence is likely to pass.
  private var hasAnswered = false
  /// How many requests have been made.
  private(set) var requestCount = 0

  init(endpoint: String?, settings: AWSSettings, chain: CredentialChain) throws {
    let url = endpoint ?? settings.endpoint(of: .ssm)
    self.chain = chain
    let attempts = settings.value("max_attempts").flatMap { Int($0) } ?? Self.attemptsDefault
    attemptsMax = min(max(attempts, Self.attempts.lowerBound), Self.attempts.upperBound)
    let client = SignedClient(
      url: url, region: settings.region, credentials: try chain.credentials(),
      certificates: settings.certificates)
    guard let client else {
      throw CommandFailure(.usage, "the endpoint \"\(url.onOneLine)\": write https://HOST")
    }
    self.client = client
  }

  /// The pages of an operation to a closure, one after the other, until it answers false.
  func pages(
    _ operation: String, _ input: [JSONValue.Member], pageSize: Int64 = pageSize,
    _ take: (JSONValue) throws -> Bool
  ) throws {
    var token: String?
    repeat {
      let page = try self.page(operation, input, after: token, pageSize: pageSize)
      guard try take(page) else { return }
      token = Self.token(of: page)
    } while token != nil
  }

  /// One page; `after` is the token of the page before.
  func page(
    _ operation: String, _ input: [JSONValue.Member], after token: String?,
    pageSize: Int64 = pageSize
  ) throws -> JSONValue {
    var input = input + [.init("MaxResults", .integer(pageSize))]
    if let token { input.append(.init("NextToken", .string(token))) }
    return try call(operation, .object(input))
  }

  /// The token of the page that follows; nil on the last.
  static func token(of page: JSONValue) -> String? {
    page["NextToken"]?.text.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// One request; it is made again, after a pause that doubles, where the service has too much to do,
  /// and once with newer keys where those at hand have ended.
  private func call(_ operation: String, _ input: JSONValue) throws -> JSONValue {
    var attempt = 0
    var hasRenewed = false
    while true {
      attempt += 1
      let mayTryAgain = attempt < attemptsMax && !Interruption.isRequested
      guard let answer = try send(operation, input, orNone: hasAnswered && mayTryAgain) else {
        Self.pause(behind: attempt)
        continue
      }
      let value = answer.document
      if answer.status == 200, value != .null { return value }
      let name =
        value["__type"]?.text?.split(separator: "#").last.map(String.init) ?? "\(answer.status)"
      if Self.endings.contains(name), chain.areTemporary, !hasRenewed {
        hasRenewed = true
        _ = try chain.credentials(anew: true)
        continue
      }
      let isBusy = name.contains("Throttl") || name.contains("TooMany") || answer.status >= 500
      guard isBusy, mayTryAgain else {
        throw refusal(operation, name, value, isOfKeys: (401...403).contains(answer.status))
      }
      Self.pause(behind: attempt)
    }
  }

  /// One attempt; nil for silence, where that is no failure yet.
  private func send(
    _ operation: String, _ input: JSONValue, orNone mayFail: Bool
  ) throws -> Transport.Answer? {
    requestCount += 1
    let credentials = try chain.credentials()
    do {
      let answer = try client.call("AmazonSSM", operation, input, as: credentials)
      hasAnswered = true
      return answer
    } catch {
      if mayFail { return nil }
      throw error
    }
  }

  /// Waits longer with each attempt, and never all at the same time; Ctrl-C ends it.
  private static func pause(behind attempt: Int) {
    var left = min(20, 0.2 * pow(2, Double(attempt))) * Double.random(in: 0.5...1)
    while left > 0, !Interruption.isRequested {
      Thread.sleep(forTimeInterval: min(left, 0.2))
      left -= 0.2
    }
  }

  private func refusal(
    _ operation: String, _ name: String, _ value: JSONValue, isOfKeys: Bool
  ) -> ServiceRefusal {
    let message = value["message"]?.text ?? value["Message"]?.text ?? ""
    let isOfThem = isOfKeys || Self.endings.contains(name) || name.contains("Denied")
    let whose = isOfThem ? ", keys of \(chain.place)" : ""
    return ServiceRefusal(
      name: name, sentence: "\(client.base), \(operation): \(name) \(message)".onOneLine + whose)
  }
}

/// What a service answers in place of what was asked for.
struct ServiceRefusal: Error, CustomStringConvertible {
  /// The name of the error.
  var name: String
  /// One sentence for people.
  var sentence: String

  var description: String { sentence }

  /// Whether the service does not know what was asked for, and knows who asked.
  var isOfInput: Bool {
    name == "ValidationException"
      || name.hasPrefix("Invalid") && !name.hasPrefix("InvalidSig")
        && !name.hasPrefix("InvalidClientToken")
  }
}
