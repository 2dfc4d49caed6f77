import AWSProtocol
import Inventory
import JSONTape
import Testing

struct ValidationTests {
  /// As a question with filters and pages has it.
  private static let shape = Shape.structure([
    Field(
      "Filters",
      .list(
        .structure([
          Field("Key", .text(1, 200), required: true),
          Field("Values", .list(.text(), min: 1, max: 40), required: true),
          Field("Type", .word("Equal", "NotEqual")),
        ]), min: 1, max: 8)),
    Field("NextToken", .text()), Field("MaxResults", .integer(min: 1, max: 50)),
  ])

  private static func request(_ json: String) throws -> AWSRequest {
    try AWSRequest(
      "Test", Array(json.utf8), shape,
      Caller(keyID: "", scope: .local, permissions: [.admin]))
  }

  @Test("all that is broken is told together, in AWS's words")
  func message() throws {
    do {
      _ = try Self.request(#"{"MaxResults": 99, "Filters": [{"Values": ["x"], "Type": "Like"}]}"#)
      Issue.record("it was taken")
    } catch let error as AWSError {
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
      #expect((error as? AWSError)?.name == "SerializationException")
    }
  }

  @Test("a token opens for its own question alone, and with its own key")
  func tokens() throws {
    let tokens = PageTokens(key: Array(repeating: 7, count: 32))
    let token = PageToken(sequence: 9, asked: Instant(seconds: 5), position: "i-1")
    let question = try Self.request(#"{"MaxResults": 5}"#)
    let text = tokens.encode(token, for: question)
    func asked(_ more: String) throws -> AWSRequest {
      try Self.request(#"{"NextToken": "\#(text)", \#(more)}"#)
    }
    #expect(try tokens.decode(asked(#""MaxResults": 7"#)) == token)
    #expect(throws: AWSError.self) {
      try tokens.decode(asked(#""Filters": [{"Key": "AWS:Tag.Key", "Values": ["x"]}]"#))
    }
    let others = PageTokens(key: Array(repeating: 8, count: 32))
    #expect(throws: AWSError.self) { try others.decode(asked(#""MaxResults": 5"#)) }
    #expect(try tokens.decode(question) == nil)
  }
}
