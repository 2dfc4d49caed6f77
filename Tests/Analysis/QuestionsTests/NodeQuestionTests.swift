import HistoryStore
import Inventory
import Testing

@testable import Questions

/// What is told of nodes, which of them, and in what order.
@Suite struct NodeQuestionTests {
  private let bench: QuestionBench

  init() throws {
    bench = try QuestionBench()
    func information(_ host: String, _ version: String) -> [Item] {
      [
        [
          "ComputerName": host, "PlatformName": "Debian", "PlatformVersion": version,
          "IpAddress": "10.0.0.\(version)", "AgentVersion": "3.\(version).0",
        ]
      ]
    }
    try bench.record("i-1", day: 0, .instanceInformation, information("web", "9"))
    try bench.record("i-2", day: 0, .instanceInformation, information("db", "12"))
    try bench.record("i-2", day: 3, [["Name": "bash", "Version": "1"]])
    try bench.record("i-3", day: 4, [["Name": "bash", "Version": "1"]])
  }

  @Test func `a node has what it says of itself`() throws {
    let rows = try bench.rows(
      .nodes, [:], "node", "hostName", "platform", "platformVersion", "address", "agentVersion",
      "lastObserved")
    #expect(
      rows == [
        "i-1 web Debian 9 10.0.0.9 3.9.0 \(QuestionBench.day(0))",
        "i-2 db Debian 12 10.0.0.12 3.12.0 \(QuestionBench.day(3))",
        "i-3 - - - - - \(QuestionBench.day(4))",
      ])
  }

  @Test(
    "nodes are sorted by a member, page by page",
    arguments: [
      ("hostName", ["i-3", "i-2", "i-1"]), ("lastObserved", ["i-1", "i-2", "i-3"]),
      // As texts 12 would come before 9.
      ("platformVersion", ["i-3", "i-1", "i-2"]), ("agentVersion", ["i-3", "i-1", "i-2"]),
      ("status", ["i-1", "i-2", "i-3"]),
    ])
  func order(name: String, nodes: [String]) throws {
    for limit in ["1", "2", "1000"] {
      let given = ["sort": [name], "limit": [limit]]
      #expect(try bench.rows(.nodes, given, "node") == nodes)
      let turned = given.merging(["reverse": ["true"]]) { $1 }
      #expect(try bench.rows(.nodes, turned, "node") == nodes.reversed())
    }
  }

  @Test(
    "nodes are chosen by what they say of themselves",
    arguments: [
      (["PlatformName=Deb*"], ["i-1", "i-2"]),
      (["PlatformName=Deb*", "ComputerName=web"], ["i-1"]),
      (["ComputerName"], ["i-1", "i-2"]), (["PlatformName=deb*"], []),
      (["PlatformVersion=1[0-9]"], ["i-2"]),
    ] as [([String], [String])])
  func conditions(conditions: [String], nodes: [String]) throws {
    #expect(try bench.rows(.nodes, ["where": conditions], "node") == nodes)
    let holders = try bench.rows(.holders, ["name": ["bash"], "where": conditions], "node")
    #expect(holders == nodes.filter { $0 == "i-2" })
  }

  @Test func `an attribute that no node has is named`() throws {
    let error = #expect(throws: StoreError.self) {
      try bench.ask(.nodes, ["where": ["platformname=Debian"]])
    }
    #expect(error?.code == .invalidQuestion)
    #expect(error?.message.contains("\"platformname\"") == true)
    #expect(error?.message.contains("PlatformName") == true)
  }

  @Test func `pings count for silence, and say whether a node is there`() throws {
    func statuses(_ given: [String: [String]] = [:]) throws -> [String] {
      try bench.rows(.nodes, given, "node", "ping")
    }
    func ping(_ node: String, _ secondsAgo: Int64, isInactive: Bool = false) throws {
      let time = QuestionBench.now.advanced(bySeconds: -secondsAgo).milliseconds
      try bench.store.setControlRow(
        NodePing.key(.local, node), to: NodePing(time: time, isInactive: isInactive).row)
    }
    // All of them have reported just now, by the store's clock.
    #expect(try statuses() == ["i-1 Online", "i-2 Online", "i-3 Online"])
    try ping("i-2", 0, isInactive: true)
    _ = try bench.store.recordNodeEvent(.terminated, node: NodeID("i-3"), at: QuestionBench.now)
    #expect(try statuses() == ["i-1 Online", "i-2 Inactive", "i-3 -"])
    bench.secondsPassed = 10_000
    try ping("i-2", -6000)
    #expect(try statuses() == ["i-1 ConnectionLost", "i-2 Online", "i-3 -"])
    #expect(try statuses(["silent": ["2h"]]) == ["i-1 ConnectionLost"])
    #expect(try statuses(["silent": ["1h"]]) == ["i-1 ConnectionLost", "i-2 Online"])
    #expect(try statuses(["silent": ["3h"]]) == [])
  }
}
