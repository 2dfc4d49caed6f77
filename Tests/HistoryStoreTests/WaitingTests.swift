import Foundation
import Inventory
import Testing

@testable import HistoryStore

/// JSON bodies that wait together for one flush.
@Suite struct WaitingTests {
  private static let start = 1_772_528_400  // 2026-03-03T09:00:00Z

  private func body(_ node: Int, _ step: Int) -> [UInt8] {
    let time = Instant(seconds: Int64(Self.start + step * 60))
    let items = (0..<40).map { item in
      #"{"Name":"package-\#(item)","Version":"1.\#(item % 7 == node % 7 ? step : 0)"}"#
    }
    let text =
      #"{"InstanceId":"node-\#(node)","Items":[{"TypeName":"AWS:Application","#
      + #""SchemaVersion":"1.1","CaptureTime":"\#(time)","Content":[\#(items.joined(separator: ","))]}]}"#
    return Array(text.utf8)
  }

  private func versions(_ store: HistoryStore, _ node: Int, _ step: Int) throws -> [String] {
    let state = try store.state(
      of: NodeID("node-\(node)"), type: .application,
      at: Instant(seconds: Int64(Self.start + step * 60)))
    return state.items.map { $0["Version"] ?? "" }.sorted()
  }

  @Test func `bodies that arrive together are stored as they are one after the other`() async throws
  {
    let (one, other) = (try ScratchFolder(), try ScratchFolder())
    let waiting = try HistoryStore(path: one.path)
    let alone = try HistoryStore(path: other.path)
    for step in 0..<6 {
      for node in 0..<40 { _ = try alone.record(json: [body(node, step)])[0].get() }
      try await withThrowingTaskGroup(of: Receipt.self) { group in
        for node in 0..<40 {
          let body = body(node, step)
          group.addTask { try await waiting.record(json: body) }
        }
        for try await receipt in group {
          #expect(receipt.itemCount == 40 && receipt.sequence != nil)
        }
      }
    }
    for node in 0..<40 {
      for step in 0..<6 {
        let (mine, other) = (try versions(waiting, node, step), try versions(alone, node, step))
        #expect(mine == other, "node \(node) at step \(step)")
      }
    }
    #expect(try waiting.statistics().changeEvents == alone.statistics().changeEvents)
    #expect(try waiting.verify().problems == [])
  }

  @Test func `a refused body spoils none of those that share its flush`() async throws {
    let folder = try ScratchFolder()
    let store = try HistoryStore(path: folder.path)
    let refused = await withTaskGroup(of: Bool.self) { group in
      for node in 0..<30 {
        let body = node % 3 == 0 ? Array("{\"InstanceId\":\"node-\(node)\"}".utf8) : body(node, 0)
        group.addTask {
          do { _ = try await store.record(json: body) } catch { return error is ReportError }
          return false
        }
      }
      return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(refused == 10)
    #expect(try store.nodes().count == 20)
  }

  @Test func `all that wait are told when nothing of them is stored`() async throws {
    let folder = try ScratchFolder()
    var configuration = HistoryStore.Configuration()
    configuration.mapSize = 1 << 18
    configuration.mapSizeMax = 1 << 18
    let store = try HistoryStore(path: folder.path, configuration: configuration)
    let outcomes = await withTaskGroup(of: (Int, StoreError.Code?).self) { group in
      for node in 0..<400 {
        let body = body(node, node)
        group.addTask {
          do {
            _ = try await store.record(json: body)
            return (node, nil)
          } catch { return (node, (error as? StoreError)?.code) }
        }
      }
      return await group.reduce(into: [Int: StoreError.Code?]()) { $0[$1.0] = $1.1 }
    }
    #expect(outcomes.count == 400)
    let stored = Set(try store.nodes().map(\.node.text))
    for (node, code) in outcomes {
      #expect(code == nil || code == .mapFull)
      #expect(stored.contains("node-\(node)") == (code == nil))
    }
    #expect(outcomes.values.contains(.mapFull))
  }

  @Test func `a task that is cancelled is answered, and stored or not`() async throws {
    let folder = try ScratchFolder()
    var configuration = HistoryStore.Configuration()
    configuration.groupCommitMax = 2
    let store = try HistoryStore(path: folder.path, configuration: configuration)
    let tasks = (0..<60).map { node in
      let body = body(node, 0)
      return Task { try await store.record(json: body) }
    }
    for (index, task) in tasks.enumerated() where index % 2 == 0 { task.cancel() }
    var answered: Set<String> = []
    for task in tasks {
      do { answered.insert(try await task.value.node.text) } catch {
        #expect(error is CancellationError)
      }
    }
    #expect(answered.count >= 30)
    #expect(Set(try store.nodes().map(\.node.text)) == answered)
  }

  @Test func `what a failed transaction numbered is forgotten`() throws {
    let folder = try ScratchFolder()
    var configuration = HistoryStore.Configuration()
    configuration.mapSize = 1 << 18
    configuration.mapSizeMax = 1 << 20
    let store = try HistoryStore(path: folder.path, configuration: configuration)
    // The first groups are new, are learned while they are stored, and outgrow the map again and again.
    var stored = 0
    for step in 0..<40 {
      let bodies = (0..<24).map { body(step * 24 + $0, step) }
      guard let results = try? store.record(json: bodies) else { break }
      for result in results { _ = try result.get() }
      stored += results.count
    }
    for node in stride(from: 0, to: stored, by: 5) {
      let step = node / 24
      let expected = (0..<40).map { "1.\($0 % 7 == node % 7 ? step : 0)" }.sorted()
      #expect(try versions(store, node, step) == expected, "node \(node)")
    }
    #expect(stored >= 24)
    #expect(try store.verify().problems == [])
  }
}
