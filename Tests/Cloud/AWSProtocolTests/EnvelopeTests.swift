import AWSProtocol
import Inventory
import JSONTape
import Testing

@Suite struct EnvelopeTests {
  @Test func `an error is read as it was written`() throws {
    let error = AWSError(
      "InvalidTypeNameException", "No \"x\".", members: ["TypeName": "Custom:x"])
    #expect(
      error.body
        == Array(
          #"{"__type":"InvalidTypeNameException","message":"No \"x\".","TypeName":"Custom:x"}"#
            .utf8))
    let read = AWSError(status: 400, try JSONValue(parsing: error.body.span.bytes))
    #expect(read.name == error.name && read.message == error.message)
  }

  @Test(
    "errors of other servers",
    arguments: [
      (#"{"__type":"com.amazon#Throttled","Message":"Slow"}"#, "Throttled", "Slow"),
      (#"{}"#, "Internal 503", ""), (#"[]"#, "Internal 503", ""),
    ] as [(String, String, String)])
  func others(_ text: String, _ name: String, _ message: String) throws {
    let error = AWSError(status: 503, try JSONValue(parsing: Array(text.utf8).span.bytes))
    #expect(error.name == name && error.message == message && error.status == 503)
  }

  @Test(
    "fields of forms",
    arguments: [
      ("Action=A&Version=1", #"{"Action":"A","Version":"1"}"#), ("", "{}"), ("&&=&", "{}"),
      ("a=%41+b&a=c", #"{"a":"A b"}"#), ("a=%zz&%62", #"{"a":"%zz","b":""}"#),
    ] as [(String, String)])
  func forms(_ form: String, _ expected: String) {
    #expect(JSONValue.object(QueryEnvelope.fields(Array(form.utf8))).compact == expected)
  }

  @Test func `answers in XML have no markup of their callers`() {
    let envelope = QueryEnvelope(namespace: "https://example.com/", id: "id")
    let answer = envelope.answer("Say", .object([.init("Word", .string("<a>&\u{1}"))]))
    #expect(answer.contains("<SayResult>\n    <Word>&lt;a&gt;&amp;?</Word>\n  </SayResult>"))
    let (status, text) = envelope.answer(AWSError("AccessDeniedException", "No."))
    #expect(status == 403 && text.contains("<Code>AccessDenied</Code>"))
    #expect(envelope.answer(.internalError).text.contains("<Type>Receiver</Type>"))
  }

  @Test(
    "times of requests",
    arguments: [
      ("1772496000", 1_772_496_000_000), ("1772496000.25", 1_772_496_000_250),
      (#""2026-03-03T00:00:00Z""#, 1_772_496_000_000), ("1e300", nil), (#""soon""#, nil),
      ("true", nil),
    ] as [(String, Int64?)])
  func times(_ text: String, _ milliseconds: Int64?) throws {
    let value = try JSONValue(parsing: Array(text.utf8).span.bytes)
    #expect(Timestamp(value)?.instant.milliseconds == milliseconds)
  }

  @Test func `times of answers are whole where they can be`() {
    #expect(JSONValue.timestamp(Instant(seconds: 5)) == .integer(5))
    #expect(JSONValue.timestamp(Instant(milliseconds: 5500)) == .number(5.5))
    #expect(JSONValue.timestamp(nil) == .null)
  }
}
