import Testing

@testable import JSONTape

@Suite struct JSONTapeTests {
  private func read(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

  @Test(
    "each kind of value, and what is at the edge of it",
    arguments: [
      ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .integer(0)),
      ("-9223372036854775808", .integer(.min)), ("9223372036854775807", .integer(.max)),
      ("18446744073709551615", .number(18_446_744_073_709_551_616)), ("1.5", .number(1.5)),
      ("1e3", .number(1000)), (#""""#, .string("")), (#""\u00e9\ud83d\ude00\n""#, .string("é😀\n")),
      (#""a\u0000b""#, .string("a\u{0}b")), ("[]", .array([])), ("{}", .object([])),
      ("[1,[2],{}]", .array([.integer(1), .array([.integer(2)]), .object([])])),
      (#"{"b":1,"a":2}"#, .object([.init("b", .integer(1)), .init("a", .integer(2))])),
    ] as [(String, JSONValue)])
  func values(text: String, value: JSONValue) throws {
    #expect(try read(text) == value)
  }

  @Test(
    "what is no document is refused",
    arguments: [
      "", " ", "nul", "01", "1.", "+1", ".5", "1 2", "[1,]", "[1", #"{"a"}"#, #"{"a":1,}"#, "{a:1}",
      "'a'", #""a"#, #""\x""#, #""\ud800""#, "\"a\nb\"", "NaN", "1e999", "18446744073709551616",
    ])
  func refusals(text: String) {
    #expect(throws: JSONError.self) { try read(text) }
  }

  @Test func `bytes that are no UTF-8 are refused`() {
    for bytes: [UInt8] in [
      [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
    ] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }
  }

  @Test func `nesting has an end`() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try read(nested(JSONValue.depthMax - 1))
    #expect(throws: JSONError.self) { try read(nested(JSONValue.depthMax + 1)) }
    #expect(throws: JSONError.self) { try read(nested(100_000)) }
  }

  @Test func `of members of one name the last counts`() throws {
    let value = try read(#"{"a":1,"b":2,"a":3}"#)
    #expect(value["a"] == .integer(3))
    #expect(value["b"] == .integer(2))
    #expect(value["c"] == nil)
  }

  @Test func `what is written is read again`() throws {
    var random = SystemRandomNumberGenerator()
    func text() -> String {
      String(
        (0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in
          Unicode.Scalar(UInt32.random(in: 0..<0x2ff, using: &random)).map(Character.init)
        })
    }
    func value(_ depth: Int) -> JSONValue {
      switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &random) {
      case 0: .null
      case 1: .bool(.random(using: &random))
      case 2: .integer(.random(in: .min ... .max, using: &random))
      case 3: .number(Double.random(in: -1e9...1e9, using: &random).nextUp + 0.5e-3)
      case 4: .string(text())
      case 5: .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(depth + 1) })
      default:
        .object(
          (0..<Int.random(in: 0..<4, using: &random)).map {
            .init("\($0) \(text())", value(depth + 1))
          })
      }
    }
    for _ in 0..<300 {
      let value = value(0)
      for indent in [nil, 0] {
        var bytes: [UInt8] = []
        value.write(to: &bytes, indent: indent)
        #expect(try JSONValue(parsing: bytes) == value, "\(value.compact)")
      }
    }
  }

  @Test func `no control character is written as it is`() throws {
    let all = JSONValue.string(
      String(String.UnicodeScalarView((0..<0x80).compactMap { Unicode.Scalar($0) })))
    #expect(!all.compact.utf8.contains { $0 < 0x20 || $0 == 0x7f })
    #expect(JSONValue.number(.nan).compact == "null")
    #expect(JSONValue.number(.infinity).compact == "null")
    #expect(JSONValue.number(1e15).compact == "1000000000000000")
  }
}
