import AWSProtocol
import Inventory
import Testing

@testable import SystemsManager

struct FilterTests {
  private static let row: Item = [
    "Name": "openssl", "Version": "3.0.10", "CPUs": "9", "InstalledTime": "2026-03-03T10:00:00Z",
  ]

  @Test(
    "comparisons of one row",
    arguments: [
      ("Name", "Equal", ["openssl"], true), ("Name", "Equal", ["OpenSSL"], false),
      ("Name", "NotEqual", ["x", "openssl"], false), ("Absent", "Equal", [""], false),
      ("Absent", "NotEqual", ["x"], true), ("Name", "BeginWith", ["x", "open"], true),
      ("Version", "GreaterThan", ["3.0.9"], true), ("Version", "LessThan", ["3.0.10"], false),
      ("Version", "LessThan", ["3.0.10-1"], true),
      ("InstalledTime", "LessThan", ["2026-03-03T12:00:00+01:00"], true),
      ("InstalledTime", "GreaterThan", ["2026-03-03"], true),
    ] as [(String, String, [String], Bool)])
  func comparisons(_ attribute: String, _ type: String, _ values: [String], _ expected: Bool) throws
  {
    let comparison = try #require(InventoryFilter.Comparison(rawValue: type))
    let filter = InventoryFilter(
      type: .application, attribute: attribute, comparison: comparison, values: values)
    #expect(filter.matches(Self.row) == expected)
  }

  @Test func `versions are ordered with epochs and tildes`() {
    let order = ValueOrder(of: "Version", .application)
    let versions = ["1.0~rc1-1", "1.0-1", "3.0.9-1", "3.0.11-1~deb12u2", "3.0.11-1", "1:0.5-1"]
    for (index, a) in versions.enumerated() {
      for (other, b) in versions.enumerated() { #expect(order.precedes(a, b) == (index < other)) }
    }
  }

  @Test("documented numbers compare by value")
  func numbers() {
    let order = ValueOrder(of: "CPUs", .instanceDetailedInformation)
    #expect(order.precedes("9", "10") && !order.precedes("10", "9"))
    let text = ValueOrder(of: "CPUModel", .instanceDetailedInformation)
    #expect(text.precedes("10", "9"))
  }

  @Test(
    "times that name their zone, and days",
    arguments: [
      ("2026-03-03T00:00:00Z", 1_772_496_000), ("2026-03-03", 1_772_496_000),
      ("2026-03-03T01:00:00+01:00", 1_772_496_000), ("2026-03-02T20:00:00-04:00", 1_772_496_000),
    ] as [(String, Int64)])
  func times(_ text: String, _ seconds: Int64) {
    #expect(Moment.time(text)?.seconds == seconds)
  }

  @Test(
    "what is no such time",
    arguments: ["", "now", "yesterday", "3 days ago", "2026-13-01", "2026-02-30", "x2026-03-03"])
  func noTimes(_ text: String) { #expect(Moment.time(text) == nil) }

  @Test(
    "reserved keys take one time, of type Equal",
    arguments: [
      ("Stocktake:At", ["2026-03-03"], "NotEqual"), ("Stocktake:At", [], "Equal"),
      ("Stocktake:At", ["2026-03-03", "2026-03-04"], "Equal"),
      ("Stocktake:Nonsense", ["2026-03-03"], "Equal"),
    ] as [(String, [String], String)])
  func reserved(_ key: String, _ values: [String], _ type: String) {
    var moment = Moment(asked: Instant(seconds: 0))
    #expect(throws: AWSError.self) { try moment.take(key: key, values: values, type: type) }
  }

  @Test("ids of nodes", arguments: ["i-12345678", "i-0123456789abcdef0", "mi-0123456789abcdef0"])
  func ids(_ text: String) {
    #expect(TextForm.isInstanceID(text))
    #expect(!TextForm.isInstanceID(text + "0"))
    #expect(!TextForm.isInstanceID(String(text.dropLast())))
    #expect(!TextForm.isInstanceID(text.dropLast() + "-"))
  }
}
