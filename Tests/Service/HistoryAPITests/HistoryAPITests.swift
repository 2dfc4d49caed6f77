import AWSProtocol
import Foundation
import HistoryStore
import Inventory
import JSONTape
import Testing

@testable import HistoryAPI

struct HistoryAPITests {
  private static func withAPI(_ body: (HistoryAPI) async throws -> Void) async throws {
    let directory = NSTemporaryDirectory() + "api-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let store = try HistoryStore(path: directory)
    let item: Item = ["Name": "openssl", "Version": "3.0.2"]
    _ = try store.record([
      Report(
        node: try NodeID("web-1"),
        entries: [
          .init(type: .application, captureTime: Instant(seconds: 1_772_496_000), content: [item])
        ])
    ])
    try await body(HistoryAPI(store: store))
  }

  private static func get(_ target: String, accept: String? = nil) -> APIRequest {
    let parts = target.split(separator: "?", maxSplits: 1)
    var request = APIRequest(
      method: "GET", path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
      caller: Caller(keyID: "", scope: .local, permissions: [.read]))
    request.accept = accept
    return request
  }

  @Test("the document has every route, with its parameters")
  func document() throws {
    let document = try JSONValue(parsing: Array(HistoryAPI.openAPI.utf8).span.bytes)
    for route in HistoryAPI.routes {
      let operation = try #require(document["paths"]?[route.path]?[route.method.lowercased()])
      guard case .array(let parameters) = operation["parameters"] else {
        Issue.record("\(route.path) has no parameters")
        continue
      }
      let open = route.path.split(separator: "/").filter { $0.hasPrefix("{") }.count
      #expect(parameters.count == route.parameters.count + open)
      #expect(operation["responses"]?["200"] != nil)
    }
  }

  @Test("a route that is not there, a method that is not for it, a format that we have not")
  func refusals() async throws {
    try await Self.withAPI { api in
      #expect(await api.answer(Self.get("/v1/nothing")).status == 404)
      var request = Self.get("/v1/nodes")
      request.method = "DELETE"
      #expect(await api.answer(request).status == 405)
      #expect(await api.answer(Self.get("/v1/nodes", accept: "image/png")).status == 406)
      #expect(await api.answer(Self.get("/v1/nodes?x=1")).status == 400)
    }
  }

  @Test("a state is the same with its text copied and made anew")
  func state() async throws {
    try await Self.withAPI { api in
      let whole = await api.answer(Self.get("/v1/nodes/web-1/state?type=Application&at=2026-03-04"))
      let chosen = await api.answer(
        Self.get("/v1/nodes/web-1/state?type=Application&at=2026-03-04&name=*"))
      let (both, again) = (
        try JSONValue(parsing: whole.body.span.bytes),
        try JSONValue(parsing: chosen.body.span.bytes)
      )
      #expect(both == again && both.elements.count == 1)
      let list = await api.answer(Self.get("/v1/nodes/web-1/state?at=2026-03-04"))
      let c = try JSONValue(parsing: list.body.span.bytes)
      #expect(c == both)
    }
  }

  private static func reports(_ body: String) -> APIRequest {
    var request = APIRequest(
      method: "POST", path: "/v1/reports", query: "", body: Array(body.utf8),
      caller: Caller(keyID: "", scope: .local, permissions: [.write]))
    request.contentType = "application/x-ndjson"
    return request
  }

  @Test("of many refused lines the first are named by their number, the others counted")
  func refusedLines() async throws {
    let good =
      #"{"InstanceId":"web-2","Items":[{"TypeName":"AWS:Application","SchemaVersion":"1.1","#
      + #""CaptureTime":"2026-03-03T09:00:00Z","Content":[{"Name":"a"}]}]}"#
    try await Self.withAPI { api in
      let bad = String(repeating: "x\n", count: 499)
      let answer = await api.answer(Self.reports("\n" + bad + good + "\ny\n"))
      guard case .array(let rows) = try JSONValue(parsing: answer.body.span.bytes) else {
        Issue.record("no list")
        return
      }
      #expect(answer.status == 200 && rows.count == HistoryAPI.refusalsMax + 2)
      #expect(rows[0]["line"] == .integer(2) && rows[99]["line"] == .integer(101))
      #expect(rows[100]["node"] == .string("web-2"))
      #expect(rows[101]["code"] == .string("furtherErrors"))
      #expect(rows[101]["count"] == .integer(400))
    }
  }

  @Test("a request of more lines than the limit is refused before the first")
  func lineLimit() async throws {
    try await Self.withAPI { api in
      let most = String(repeating: "x\n", count: HistoryAPI.reportsMax)
      #expect(await api.answer(Self.reports(most)).status == 200)
      #expect(await api.answer(Self.reports(most + "x\n")).status == 413)
    }
  }

  @Test(
    "the first format of Accept that we have",
    arguments: [
      (nil, Format.json), ("*/*", .json), ("text/html, text/csv;q=0.5", .csv),
      ("application/x-ndjson", .ndjson), ("text/event-stream", .events),
      ("application/json;q=0", nil), ("image/png", nil),
    ] as [(String?, Format?)])
  func formats(_ accept: String?, _ expected: Format?) {
    #expect(Format.choose(accept) == expected)
  }
}
