import Foundation
import Inventory
import Testing

/// Every limit of a report, at its edge and one beyond.
@Suite struct ReportLimitTests {
  private func isAccepted(_ text: String) -> Bool { refusal(text) == nil }

  @Test func `a report has 1 to 30 entries`() throws {
    func entries(_ count: Int) -> String {
      let list = (0..<count).map {
        """
        {"TypeName":"Custom:T\($0)","SchemaVersion":"1.0","CaptureTime":"2026-03-03T08:00:00Z",\
        "Content":[]}
        """
      }
      return "{\"InstanceId\":\"i-1\",\"Items\":[\(list.joined(separator: ","))]}"
    }
    #expect(isAccepted(entries(1)))
    #expect(isAccepted(entries(30)))
    #expect(refusal(entries(31))?.code == .invalidRequest)
    #expect(refusal(entries(31))?.node == "i-1")
    #expect(refusal(entries(0))?.code == .invalidRequest)
  }

  @Test func `a type has at most 10,000 items`() throws {
    func items(_ count: Int) -> String {
      body(content: "[" + (0..<count).map { "{\"Name\":\"\($0)\"}" }.joined(separator: ",") + "]")
    }
    #expect(try read(items(10_000)).entries[0].content?.elements.count == 10_000)
    let error = try #require(refusal(items(10_001)))
    #expect(error.code == .invalidItemContent)
    #expect(error.type == "AWS:Application")
    #expect(error.itemIndex == 10_000)
    #expect(isAccepted(items(0)))
  }

  @Test func `an item has at most 50 attributes`() throws {
    func item(_ count: Int) -> String {
      body(item: (0..<count).map { "\"A\($0)\":\"v\"" }.joined(separator: ","))
    }
    #expect(isAccepted(item(0)))
    #expect(isAccepted(item(50)))
    let error = try #require(refusal(item(51)))
    #expect(error.code == .invalidItemContent)
    #expect(error.itemIndex == 0)
  }

  @Test(arguments: ["a", "é", "世", "🐧"])
  func `an attribute's name has 1 to 64 characters`(_ character: String) throws {
    func item(_ count: Int) -> String {
      body(item: "\"\(String(repeating: character, count: count))\":\"v\"")
    }
    #expect(isAccepted(item(1)))
    #expect(isAccepted(item(64)))
    let error = try #require(refusal(item(65)))
    #expect(error.code == .invalidItemContent)
    #expect(error.attribute == String(repeating: character, count: 65))
    #expect(refusal(item(0))?.attribute == "")
    #expect(refusal(item(0))?.code == .invalidItemContent)
  }

  @Test(arguments: ["a", "é", "世", "🐧"])
  func `a value has at most 4096 characters`(_ character: String) throws {
    func item(_ count: Int) -> String {
      body(item: "\"Name\":\"\(String(repeating: character, count: count))\"")
    }
    #expect(isAccepted(item(0)))
    #expect(isAccepted(item(4096)))
    let error = try #require(refusal(item(4097)))
    #expect(error.code == .invalidItemContent)
    #expect(error.attribute == "Name")
    #expect(error.type == "AWS:Application")
    #expect(error.node == "i-1")
    #expect(error.itemIndex == 0)
  }

  @Test func `a body has at most 1 MiB, or what it is raised to`() throws {
    func padded(_ count: Int) -> [UInt8] {
      let bytes = Array(body().utf8)
      return bytes + [UInt8](repeating: 0x20, count: count - bytes.count)
    }
    #expect(refusal(padded(1 << 20)) == nil)
    #expect(refusal(padded(1 << 20 + 1))?.code == .tooLarge)
    var limits = ReportLimits.default
    limits.bodyBytesMax = ReportLimits.bodyBytesCeiling
    #expect(refusal(padded(12 << 20), limits: limits) == nil)
    #expect(refusal(padded(12 << 20 + 1), limits: limits)?.code == .tooLarge)
  }

  @Test func `a body nests no deeper than its limit`() {
    func nested(_ depth: Int) -> String {
      // Members that nobody knows are passed over, but not without end.
      let open = String(repeating: "[", count: depth)
      let close = String(repeating: "]", count: depth)
      return "{\"X\":\(open)\(close)," + body().dropFirst()
    }
    #expect(isAccepted(nested(10)))
    for depth in [17, 100, 100_000] {
      #expect(refusal(nested(depth))?.code == .malformedJSON, "\(depth)")
    }
    #expect(refusal(String(repeating: "[", count: 500_000))?.code == .malformedJSON)
    #expect(refusal(String(repeating: "{\"a\":", count: 100_000))?.code == .malformedJSON)
  }

  @Test func `a node id has 1 to 128 visible ASCII characters`() {
    func node(_ text: String) -> ReportError? { refusal(body(node: "\"\(text)\"")) }
    #expect(node("i") == nil)
    #expect(node(String(repeating: "n", count: 128)) == nil)
    #expect(node(String(repeating: "n", count: 129))?.code == .invalidNodeID)
    for text in ["", " ", "a b", "é", "a\\u0000", "a\\n", "\\u007f"] {
      #expect(node(text)?.code == .invalidNodeID, "\(text)")
    }
  }

  @Test func `a ContentHash has at most 256 characters`() {
    func hash(_ count: Int) -> ReportError? {
      refusal(body(more: ",\"ContentHash\":\"\(String(repeating: "é", count: count))\""))
    }
    #expect(hash(0) == nil)
    #expect(hash(256) == nil)
    #expect(hash(257)?.code == .invalidRequest)
    #expect(hash(257)?.type == "AWS:Application")
  }

  @Test func `a type name has at most 100 characters`() {
    func type(_ count: Int) -> ReportError? {
      refusal(body(type: "\"Custom:\(String(repeating: "é", count: count - 7))\""))
    }
    #expect(type(8) == nil)
    #expect(type(100) == nil)
    #expect(type(101)?.code == .invalidTypeName)
    #expect(type(7)?.code == .invalidTypeName)
  }

  @Test func `a capture time lies at most a day ahead`() throws {
    func time(_ seconds: Int64) -> ReportError? {
      refusal(body(time: "\"\(testNow.advanced(bySeconds: seconds))\""))
    }
    #expect(time(86_400) == nil)
    let error = try #require(time(86_401))
    #expect(error.code == .invalidCaptureTime)
    #expect(error.node == "i-1")
    #expect(error.type == "AWS:Application")
  }
}
