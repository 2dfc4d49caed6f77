import Foundation
import Inventory
import Testing

/// Bodies that break the rules, each of which gets an error that says where.
@Suite struct HostileReportTests {
  @Test(arguments: [
    "2026-02-30T09:00:00Z", "2026-02-29T09:00:00Z", "2026-03-03T24:00:00Z",
    "2026-03-03T09:60:00Z", "2026-03-03T09:00:60Z", "1999-12-31T23:59:59Z",
    "2100-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z", "2026-3-03T09:00:00Z", "2026-03-03 09:00:00Z",
    "2026-03-03T09:00:00", "2026-03-03T09:00:00+00:00", "2026-03-03T09:00:00.000Z",
    "", "yesterday", "2026-03-03T09:00:0\\u0000Z", "²026-03-03T09:00:00Z",
  ])
  func `a date that does not exist, or is no date, is refused`(_ time: String) {
    let error = refusal(body(time: "\"\(time)\""))
    #expect(error?.code == .invalidCaptureTime)
    #expect(error?.node == "i-1")
    #expect(error?.type == "AWS:Application")
  }

  @Test func `a byte order mark before a report is passed over`() {
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    #expect(refusal(mark + Array(body().utf8)) == nil)
    #expect(refusal(mark)?.code == .malformedJSON)
    #expect(refusal(mark + mark + Array(body().utf8))?.code == .malformedJSON)
  }

  @Test func `days that exist are accepted`() {
    for time in ["2000-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "2000-02-29T00:00:00Z"] {
      #expect(refusal(body(time: "\"\(time)\"")) == nil)
    }
  }

  @Test(arguments: ["1", "-1", "1.5", "1e400", "true", "false", "null", "[]", "{}", "[\"a\"]"])
  func `a value that is not a string is refused with its place`(_ value: String) throws {
    let text = body(content: "[{\"Name\":\"a\"},{\"Name\":\"b\",\"Version\":\(value)}]")
    let error = try #require(refusal(text))
    if value == "1e400" {
      #expect(error.code == .malformedJSON)
      return
    }
    #expect(error.code == .invalidItemContent)
    #expect(error.node == "i-1")
    #expect(error.type == "AWS:Application")
    #expect(error.itemIndex == 1)
    #expect(error.attribute == "Version")
    #expect(error.description.contains("node i-1, type AWS:Application, item 1, attribute Version"))
  }

  @Test(arguments: ["1", "true", "null", "[]", "{}"])
  func `members of the wrong kind are refused`(_ value: String) {
    #expect(refusal(body(node: value))?.code == .invalidRequest)
    #expect(refusal(body(type: value))?.code == .invalidRequest)
    #expect(refusal(body(version: value)) != nil)
    #expect(refusal(body(time: value)) != nil)
    if value != "null" {
      #expect(refusal(body(more: ",\"ContentHash\":\(value)"))?.code == .invalidRequest)
    }
    if value != "[]" { #expect(refusal(body(content: value))?.code == .invalidItemContent) }
    if value != "[]" {
      #expect(refusal("{\"InstanceId\":\"i\",\"Items\":\(value)}")?.code == .invalidRequest)
    }
    #expect(refusal("{\"InstanceId\":\"i\",\"Items\":[\(value)]}") != nil)
    if value != "{}" { #expect(refusal(body(content: "[\(value)]"))?.itemIndex == 0) }
    if value != "{}" { #expect(refusal(value)?.code == .invalidRequest) }
  }

  @Test func `a member twice is refused at every level`() throws {
    let whole = body()
    let items = whole.range(of: "\"Items\"")
    let start = try #require(items?.lowerBound)
    let doubled = whole.dropLast() + "," + whole[start...]
    #expect(refusal(String(doubled))?.code == .invalidRequest)
    #expect(refusal("{\"InstanceId\":\"i-2\"," + whole.dropFirst())?.code == .invalidRequest)
    // Unknown members are passed over, but not twice; an escape does not hide a name.
    #expect(refusal("{\"X\":1,\"X\":2," + whole.dropFirst())?.code == .invalidRequest)
    #expect(refusal("{\"X\":1," + whole.dropFirst()) == nil)
    #expect(refusal("{\"Instance\\u0049d\":\"i-2\"," + whole.dropFirst())?.code == .invalidRequest)
    for name in ["TypeName", "SchemaVersion", "CaptureTime", "Content", "ContentHash"] {
      let more = ",\"\(name)\":\"1.0\",\"\(name)\":\"1.0\""
      #expect(refusal(body(more: more))?.code == .invalidRequest, "\(name)")
    }
    let twice = try #require(refusal(body(item: "\"Name\":\"a\",\"Version\":\"1\",\"Name\":\"a\"")))
    #expect(twice.code == .invalidItemContent)
    #expect(twice.attribute == "Name")
    let escaped = try #require(refusal(body(item: "\"Name\":\"a\",\"N\\u0061me\":\"b\"")))
    #expect(escaped.attribute == "Name")
  }

  @Test func `a type twice in one report is refused`() {
    let entry = """
      {"TypeName":"AWS:Network","SchemaVersion":"1.0","CaptureTime":"2026-03-03T08:00:00Z",\
      "Content":[]}
      """
    let error = refusal("{\"InstanceId\":\"i-1\",\"Items\":[\(entry),\(entry)]}")
    #expect(error?.code == .invalidItemContent)
    #expect(error?.type == "AWS:Network")
    #expect(error?.node == "i-1")
  }

  @Test func `a NUL is refused where it comes by an escape, and raw control bytes always`() {
    let value = refusal(body(item: "\"Name\":\"a\\u0000b\""))
    #expect(value?.code == .invalidItemContent)
    #expect(value?.attribute == "Name")
    #expect(refusal(body(item: "\"Na\\u0000me\":\"b\""))?.code == .invalidItemContent)
    #expect(refusal(body(type: "\"Custom:a\\u0000\""))?.code == .invalidTypeName)
    #expect(refusal(body(item: "\"Name\":\"a\u{0}b\""))?.code == .malformedJSON)
    #expect(refusal(body(item: "\"Name\":\"a\nb\""))?.code == .malformedJSON)
    #expect(refusal(body(item: "\"Name\":\"a\\nb\\u0001\"")) == nil)
  }

  @Test(
    arguments: [
      [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func `text that is not UTF-8 is refused`(_ bytes: [UInt8]) throws {
    let whole = Array(body(item: "\"Name\":\"@\"").utf8)
    let place = try #require(whole.firstIndex(of: UInt8(ascii: "@")))
    let text = Array(whole[..<place]) + bytes + Array(whole[(place + 1)...])
    #expect(refusal(text)?.code == .malformedJSON)
  }

  @Test(arguments: [
    "\\ud800", "\\udc00", "\\ud800\\ud800", "\\ud800x", "\\udc00\\ud800", "\\u12", "\\x41",
  ])
  func `half a surrogate pair, or no escape at all, is refused`(_ escape: String) {
    #expect(refusal(body(item: "\"Name\":\"\(escape)\""))?.code == .malformedJSON)
    #expect(refusal(body(item: "\"\(escape)\":\"v\""))?.code == .malformedJSON)
  }

  @Test func `a body cut at any byte is refused`() {
    let whole = Array(body(more: ",\"ContentHash\":\"h\\u00e9\"").utf8)
    #expect(refusal(whole) == nil)
    for count in 0..<whole.count {
      let error = refusal(Array(whole[..<count]))
      #expect(error?.code == .malformedJSON, "\(count) bytes")
    }
    #expect(refusal(whole + Array("{}".utf8))?.code == .malformedJSON)
    #expect(refusal(whole + Array("\n \t".utf8)) == nil)
  }

  @Test func `types, versions and statements that are none are refused`() {
    #expect(refusal(body(type: "\"AWS:Nothing\""))?.code == .invalidTypeName)
    #expect(refusal(body(type: "\"Custom:\""))?.code == .invalidTypeName)
    #expect(refusal(body(type: "\"custom:a\""))?.code == .invalidTypeName)
    #expect(refusal(body(type: "\"\""))?.code == .invalidTypeName)
    for version in ["9.9", "1", "1.", ".1", "1.0.0", "v1.0", "", "1234567.0", "-1.0"] {
      let error = refusal(body(version: "\"\(version)\""))
      #expect(error?.code == .unsupportedSchemaVersion, "\(version)")
      #expect(error?.type == "AWS:Application")
    }
    #expect(refusal(body(type: "\"Custom:A\"", version: "\"123456.999999\"")) == nil)
    #expect(refusal(body(content: nil))?.code == .invalidItemContent)
    #expect(refusal(body(content: nil, more: ",\"ContentHash\":\"\""))?.code == .invalidItemContent)
    #expect(refusal(body(content: nil, more: ",\"ContentHash\":\"h\"")) == nil)
    #expect(refusal(body(content: "null", more: ",\"ContentHash\":\"h\"")) == nil)
  }

  @Test func `only compliance types take a Context`() throws {
    let context = ",\"Context\":{\"ExecutionId\":\"e\"}"
    #expect(refusal(body(more: context))?.code == .unsupportedContext)
    #expect(refusal(body(more: ",\"Context\":{}")) == nil)
    #expect(refusal(body(more: ",\"Context\":[]"))?.code == .invalidRequest)
    let type = "\"AWS:ComplianceItem\""
    let item = "[{\"ComplianceType\":\"Custom:A\",\"Id\":\"1\"}]"
    let report = try read(body(type: type, version: "\"1.0\"", content: item, more: context))
    #expect(
      report.entries[0].content?.attributes(occurrenceName: nil)
        == [["ComplianceType": "Custom:A", "Id": "1", "ExecutionId": "e"]])
    let number = body(
      type: type, version: "\"1.0\"", content: item, more: ",\"Context\":{\"A\":1}")
    #expect(refusal(number)?.code == .invalidItemContent)
    let twice = ",\"Context\":{\"Id\":\"2\"}"
    #expect(
      refusal(body(type: type, version: "\"1.0\"", content: item, more: twice))?.attribute == "Id")
  }

  @Test func `one bad entry refuses the whole report and is named`() {
    let good = """
      {"TypeName":"AWS:Network","SchemaVersion":"1.0","CaptureTime":"2026-03-03T08:00:00Z",\
      "Content":[]}
      """
    let bad = good.replacingOccurrences(of: "AWS:Network", with: "AWS:Service")
      .replacingOccurrences(of: "[]", with: "[{\"Name\":\"a\"},{\"Name\":7}]")
    let error = refusal("{\"InstanceId\":\"i-9\",\"Items\":[\(good),\(bad)]}")
    #expect(
      error?.description.hasPrefix("node i-9, type AWS:Service, item 1, attribute Name: ") == true)
  }
}
