import AccessKeys
import AWSProtocol
import Foundation
import HistoryStore
import Inventory
import Testing

/// What a node may report of itself, by any body.
@Suite struct RightsTests {
  private static let id = "mi-0aaaaaaaaaaaaaaaa"
  private static let node = Caller(
    keyID: "node", scope: .local, permissions: [.writeNode(id)], node: id)
  private static let writer = Caller(keyID: "writer", scope: .local, permissions: [.write])

  private struct Objection: Error { var text: String }

  private static func withStore(_ body: (HistoryStore) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "rights-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(try HistoryStore(path: directory))
  }

  private static func body(
    _ type: String, _ content: String, of node: String = id, at minute: Int = 0
  ) -> [UInt8] {
    let minutes = minute < 10 ? "0\(minute)" : "\(minute)"
    return Array(
      (#"{"InstanceId":"\#(node)","Items":[{"TypeName":"\#(type)","SchemaVersion":"1.0","#
        + #""CaptureTime":"2026-03-03T09:\#(minutes):00Z",\#(content)}]}"#).utf8)
  }

  /// Why a caller may not record a body; nil where it is recorded.
  private static func objection(
    _ caller: Caller, _ body: [UInt8], _ store: HistoryStore
  ) async throws -> String? {
    do {
      _ = try await store.record(json: body, in: .local) { report in
        if let text = caller.objection(to: report) { throw Objection(text: text) }
      }
      return nil
    } catch let objection as Objection { return objection.text }
  }

  @Test(arguments: ["AWS:Tag", "AWS:ResourceGroup", "AWS:ComplianceItem", "AWS:ComplianceSummary"])
  func `types of its operator and of the server are not a node's`(type: String) async throws {
    try await Self.withStore { store in
      for content in [#""Content":[]"#, #""Content":[{"Key":"a","Value":"b"}]"#] {
        let body = Self.body(type, content)
        let before = try await Self.objection(Self.node, body, store)
        #expect(before?.contains(type) == true)
        // Whoever writes for all nodes may; and a body that says what another's said is no way around.
        let writers = try await Self.objection(Self.writer, body, store)
        #expect(writers == nil)
        let after = try await Self.objection(Self.node, body, store)
        #expect(after?.contains(type) == true)
      }
      let unchanged = Self.body(type, #""ContentHash":"x""#)
      let objection = try await Self.objection(Self.node, unchanged, store)
      #expect(objection?.contains(type) == true)
    }
  }

  @Test(arguments: [
    ("ComputerName", "web-1", true), ("AgentVersion", "3.3.0.0", true), ("InstanceId", id, true),
    ("InstanceId", "mi-0bbbbbbbbbbbbbbbb", false), ("InstanceId", "", false),
    ("InstanceStatus", "Active", true), ("InstanceStatus", "Stopped", false),
    ("InstanceStatus", "Terminated", false), ("ResourceType", "ManagedInstance", true),
    ("ResourceType", "Document", false), ("IamRole", "admin", false), ("ActivationId", "a", false),
    ("PingStatus", "Online", false), ("instanceid", id, false),
  ])
  func `of AWS:InstanceInformation a node says what its agent says`(
    name: String, value: String, isOwn: Bool
  ) async throws {
    try await Self.withStore { store in
      func body(_ minute: Int, of node: String = Self.id) -> [UInt8] {
        Self.body(
          "AWS:InstanceInformation",
          #""Content":[{"PlatformType":"Linux","\#(name)":"\#(value)"}]"#,
          of: node, at: minute)
      }
      // Its text is known after the second, from another node too; and the last but one is the body of the
      // node's last report.
      let tries = [
        (Self.node, body(1), isOwn), (Self.writer, body(2), true),
        (Self.writer, body(2, of: "i-0123456789abcdef0"), true), (Self.node, body(3), isOwn),
        (Self.node, Array(" ".utf8) + body(4), isOwn),
      ]
      for (caller, body, isTaken) in tries {
        let objection = try await Self.objection(caller, body, store)
        #expect((objection == nil) == isTaken)
      }
    }
  }

  @Test func `other nodes are not a node's, whatever is said of them`() async throws {
    try await Self.withStore { store in
      for type in ["AWS:Application", "AWS:Tag", "AWS:InstanceInformation", "Custom:Rack"] {
        let body = Self.body(type, #""Content":[]"#, of: "mi-0bbbbbbbbbbbbbbbb")
        let objection = try await Self.objection(Self.node, body, store)
        #expect(objection != nil)
      }
      let own = Self.body("Custom:Rack", #""Content":[{"Place":"4"}]"#)
      let objection = try await Self.objection(Self.node, own, store)
      #expect(objection == nil)
    }
  }
}
