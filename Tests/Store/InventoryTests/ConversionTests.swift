import Foundation
import Inventory
import Testing

/// Times by RFC 3339, and the forms that values have for coders.
@Suite struct ConversionTests {
  @Test func `times are written and read by RFC 3339`() throws {
    for (text, milliseconds) in [
      ("1970-01-01T00:00:00Z", 0), ("2026-03-03T09:00:00Z", 1_772_528_400_000),
      ("2026-03-03T10:00:00+01:00", 1_772_528_400_000),
      ("2026-03-03t03:30:00.5-05:30", 1_772_528_400_500),
      ("2026-03-03 09:00:00.123999z", 1_772_528_400_123), ("1969-12-31T23:59:59.999Z", -1),
      ("2024-02-29T00:00:00Z", 1_709_164_800_000),
    ] as [(String, Int64)] {
      let instant = try #require(Instant(rfc3339: text), "\(text)")
      #expect(instant.milliseconds == milliseconds, "\(text)")
      #expect(Instant(rfc3339: instant.rfc3339) == instant, "\(text)")
    }
  }

  @Test func `any other text is no time`() {
    for text in [
      "", "2026-03-03", "2026-03-03T09:00:00", "2026-03-03T09:00Z", "2026-02-29T09:00:00Z",
      "2026-03-03T24:00:00Z", "2026-03-03T09:00:60Z", "2026-03-03T09:00:00+0100",
      "2026-03-03T09:00:00+24:00", "2026-03-03T09:00:00+01:60", "2026-03-03T09:00:00.Z",
      "2026-03-03T09:00:00Z ", "2026-03-03T09:00:00ZZ", "2026-03-03x09:00:00Z",
      "٢026-03-03T09:00:00Z",
    ] {
      #expect(Instant(rfc3339: text) == nil, "\(text)")
    }
  }

  @Test func `random times are the same again`() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let instant = Instant(
        milliseconds: .random(in: -62_135_596_800_000...253_402_300_799_999, using: &random))
      #expect(Instant(rfc3339: instant.rfc3339) == instant)
    }
  }

  private func coded<Value: Codable>(_ value: Value) throws -> (text: String, value: Value) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = try encoder.encode([value])
    let values = try JSONDecoder().decode([Value].self, from: data)
    return (String(decoding: data, as: UTF8.self), values[0])
  }

  @Test func `values have the forms that JSON has for them`() throws {
    let item: Item = ["Name": "a/b", "Version": "1"]
    let coded = try coded(item)
    #expect(coded.text == #"[{"Name":"a/b","Version":"1"}]"# && coded.value == item)
    #expect(try self.coded(NodeID("i-1")) == (#"["i-1"]"#, NodeID("i-1")))
    #expect(try self.coded(TypeName.application) == (#"["AWS:Application"]"#, .application))
    #expect(try self.coded(Scope.local) == (#"["000000000000/local"]"#, .local))
    let time = Instant(milliseconds: 1_772_528_400_250)
    #expect(try self.coded(time) == (#"["2026-03-03T09:00:00.250Z"]"#, time))
  }

  @Test func `what breaks a rule is not decoded`() {
    func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
      try JSONDecoder().decode(type, from: Data(json.utf8))
    }
    #expect(throws: DecodingError.self) { try decode(NodeID.self, #""a b""#) }
    #expect(throws: DecodingError.self) { try decode(TypeName.self, #""AWS:None""#) }
    #expect(throws: DecodingError.self) { try decode(Scope.self, #""1/local""#) }
    #expect(throws: DecodingError.self) { try decode(Scope.self, #""000000000000""#) }
    #expect(throws: DecodingError.self) { try decode(Instant.self, #""yesterday""#) }
    #expect(throws: DecodingError.self) { try decode(Item.self, #"{"Name":1}"#) }
  }
}
