import AccessKeys
import Inventory
import JSONTape
import Testing

@testable import SystemsManager

struct ValidationTests {
  private static func request(_ json: String) throws -> Request {
    try Request(
      "Test", Array(json.utf8), .structure(Inputs.getInventory),
      Caller(keyID: "", scope: .local, permissions: [.admin]))
  }

  @Test("all that is broken is told together, in AWS's words")
  func message() throws {
    do {
      _ = try Self.request(#"{"MaxResults": 99, "Filters": [{"Values": ["x"], "Type": "Like"}]}"#)
      Issue.record("it was taken")
    } catch let error as ServiceError {
      #expect(error.name == "ValidationException")
      #expect(error.message.hasPrefix("3 validation errors detected: "))
      #expect(
        error.message.contains(
          "Value null at 'filters.1.member.key' failed to satisfy constraint: Member must not be null"
        ))
      #expect(error.message.contains("Member must have value less than or equal to 50"))
    }
  }

  @Test(
    "wrong kinds are no JSON of this operation",
    arguments: [
      "[]", "3", "{", #"{"Filters": {}}"#, #"{"MaxResults": "5"}"#, #"{"MaxResults": 1.5}"#,
    ])
  func kinds(_ json: String) {
    do {
      _ = try Self.request(json)
      Issue.record("it was taken")
    } catch {
      #expect((error as? ServiceError)?.name == "SerializationException")
    }
  }

  @Test("a token opens for its own question alone, and with its own key")
  func tokens() throws {
    let tokens = PageTokens(key: Array(repeating: 7, count: 32))
    let token = PageToken(sequence: 9, asked: Instant(seconds: 5), position: "i-1")
    let question = try Self.request(#"{"MaxResults": 5}"#)
    let text = tokens.encode(token, for: question)
    func asked(_ more: String) throws -> Request {
      try Self.request(#"{"NextToken": "\#(text)", \#(more)}"#)
    }
    #expect(try tokens.decode(asked(#""MaxResults": 7"#)) == token)
    #expect(throws: ServiceError.self) {
      try tokens.decode(asked(#""Filters": [{"Key": "AWS:Tag.Key", "Values": ["x"]}]"#))
    }
    let others = PageTokens(key: Array(repeating: 8, count: 32))
    #expect(throws: ServiceError.self) { try others.decode(asked(#""MaxResults": 5"#)) }
    #expect(try tokens.decode(question) == nil)
  }
}
