import Foundation
import Inventory
import LMDB
import PackedBytes
import Testing

@testable import HistoryStore

/// One row that cannot be read: what it stops, and what it does not.
@Suite struct DamagedSeriesTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore
  private let other: Scope

  init() throws {
    folder = try TemporaryFolder()
    store = try HistoryStore(path: folder.path)
    other = try Scope(account: "123456789012", region: "eu-west-1")
    for node in ["damaged", "whole"] { _ = try store.record([report(node, 0)])[0].get() }
    _ = try store.record([report("elsewhere", 0)], in: other)[0].get()
  }

  private func time(_ minute: Int) -> Instant { baseTime.advanced(bySeconds: Int64(minute) * 60) }

  private func report(
    _ node: String, _ minute: Int, _ type: TypeName = .application
  ) throws -> Report {
    let content: [Item] = [["Name": "a", "Version": "\(minute)"], ["Name": "b", "Version": "1"]]
    return Report(
      node: try NodeID(node),
      entries: [.init(type: type, captureTime: time(minute), content: content)])
  }

  private func body(_ node: String, _ minute: Int, _ version: Int) -> [UInt8] {
    Array(
      """
      {"InstanceId":"\(node)","Items":[{"TypeName":"AWS:Application","SchemaVersion":"1.1",\
      "CaptureTime":"\(time(minute))","Content":[{"Name":"a","Version":"\(version)"}]}]}
      """.utf8)
  }

  /// Writes a row as a writer would, so that its sum fits.
  private func write(_ value: [UInt8], _ key: [UInt8], _ table: Database) throws {
    try store.write { writer, transaction throws(StoreError) in
      try writer.put(value, key, table, &transaction)
      writer.meta.catalogGeneration += 1
      writer.newestStates.removeAll()
    }
  }

  private func firstRow(_ table: Database) throws -> (key: [UInt8], value: [UInt8]) {
    try store.read { snapshot throws(StoreError) in
      var cursor = try snapshot.view.storeCursor(in: table)
      guard try cursor.next() else { throw .damaged("the table is empty") }
      return ([UInt8](copying: cursor.key), [UInt8](copying: cursor.value))
    }
  }

  /// The first series, that of the node of that name, ends in the middle of a number.
  private func damageSeries() throws {
    var (key, value) = try firstRow(store.tables.timeline)
    value[value.count - 1] |= 0x80
    try write(value, key, store.tables.timeline)
  }

  private func damage(_ body: () throws -> Void) -> StoreError.Damage? {
    do { try body() } catch let error as StoreError { return error.damage } catch {}
    return nil
  }

  private func expectFailure(
    _ result: Result<Receipt, ReportError>, _ text: String
  ) {
    guard case .failure(let error) = result else {
      Issue.record("the report was stored")
      return
    }
    #expect(error.code == .historyDamaged)
    #expect(error.description.contains(text), "\(error)")
  }

  @Test func `a question names the row that cannot be read, and others are answered`() throws {
    try damageSeries()
    let node = try NodeID("damaged")
    let found = damage { _ = try store.state(of: node, type: .application) }
    #expect(found?.table == "timeline" && found?.node == node && found?.type == .application)
    #expect(found?.scope == .local && found?.byte != nil)
    let text = found?.description ?? ""
    #expect(text.contains("table timeline, scope 000000000000/local, node damaged"), "\(text)")
    #expect(damage { _ = try store.history(of: node) } == found)
    // Of the whole fleet: an answer without the node would be a wrong one.
    #expect(damage { _ = try store.changes(from: time(-1), to: time(9)) } == found)
    try #expect(store.state(of: NodeID("whole"), type: .application).items.count == 2)
    try #expect(
      store.state(of: NodeID("elsewhere"), type: .application, in: other).items.count == 2)
    #expect(try store.holders(of: "a", at: time(1)).count == 2)
  }

  @Test func `verify names every row that does not decode, though its sum fits`() throws {
    try damageSeries()
    #expect(try store.verify(.rows).problems == [])
    let problems = try store.verify().problems
    #expect(problems.count == 1)
    #expect(problems[0].contains("node damaged, type AWS:Application"), "\(problems)")
    _ = try store.rebuild()
    #expect(try store.verify().problems == [])
    // And a row that is not as it was written is named without a replay.
    let (key, value) = try firstRow(store.tables.nodes)
    let bytes = Array(value[..<3])
    try store.write { writer, transaction throws(StoreError) in
      let before = transaction.sums
      try writer.put(bytes, key, writer.tables.nodes, &transaction)
      transaction.adopt(before)
    }
    let found = try store.verify(.rows).problems
    #expect(found.count == 2 && found[1].contains("table nodes"), "\(found)")
  }

  @Test func `a series that cannot be read fails its own report and nobody else's`() throws {
    try damageSeries()
    let reports = try [report("whole", 1), report("damaged", 1), report("new", 1)]
    let results = try store.record(reports)
    #expect(try results[0].get().changeCount == 1)
    #expect(try results[2].get().changeCount == 2)
    expectFailure(results[1], "node damaged, type AWS:Application: what is stored cannot be read")
    expectFailure(results[1], "table timeline, 2026-03-03T00:00:00Z, record 2")
    let bodies = try store.record(json: [
      body("damaged", 2, 2), body("whole", 2, 2), body("damaged", 2, 2),
    ])
    #expect(try bodies[1].get().changeCount == 2)
    for result in [bodies[0], bodies[2]] { expectFailure(result, "node damaged") }
    // What the node says of another type is stored.
    let service = try TypeName("AWS:Service")
    _ = try store.record([report("damaged", 3, service)])[0].get()
    _ = try store.record([report("elsewhere", 3)], in: other)[0].get()
    _ = try store.rebuild()
    #expect(try store.record([report("damaged", 4)])[0].get().changeCount == 1)
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `a repeated body of a series that cannot be read fails alone`() throws {
    let first = try store.record(json: [body("damaged", 1, 1), body("whole", 1, 1)])
    for result in first { _ = try result.get() }
    var (key, _) = try firstRow(store.tables.timeline)
    key = Key.series(Series(scope: 1, node: 1, type: 1))
    try write([0xff], key, store.tables.tails)
    let again = try store.record(json: [body("damaged", 2, 1), body("whole", 2, 1)])
    expectFailure(again[0], "table tails")
    #expect(try again[1].get().changeCount == 0)
  }

  @Test func `reports that share a flush with it are stored`() async throws {
    try damageSeries()
    let store = store
    let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
      for number in 0..<24 {
        let report = try? report(number % 6 == 0 ? "damaged" : "n\(number)", number + 1)
        group.addTask {
          guard let report else { return (number, false) }
          return (number, (try? await store.record(report)) != nil)
        }
      }
      return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
    }
    for number in 0..<24 { #expect(outcomes[number] == (number % 6 != 0), "\(number)") }
    #expect(try store.nodes(in: .local).count == 22)
    _ = try store.rebuild()
    try store.checkSoundness()
  }

  @Test func `what is found out half-way leaves no trace, and others are stored`() throws {
    // The identity of "a" is looked up when the report's first contents are numbered already.
    let (key, value) = try firstRow(store.tables.identities)
    try write([0xff], key, store.tables.identities)
    let reports = try (1..<5).map { index in
      try report(
        index % 2 == 0 ? "damaged" : "n\(index)", index, index % 2 == 0 ? .application : .network)
    }
    let results = try store.record(reports)
    for (index, result) in results.enumerated() {
      if index % 2 == 1 { expectFailure(result, "table identities") } else { _ = try result.get() }
    }
    try write(value, key, store.tables.identities)
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `postings that cannot be read fail the reports that add to them`() throws {
    let (key, value) = try firstRow(store.tables.holders)
    try write([0xff, 0xff], key, store.tables.holders)
    let reports = try (1..<8).map { index in
      try report("n\(index)", index, index == 3 || index == 6 ? .application : .network)
    }
    let results = try store.record(reports)
    for (index, result) in results.enumerated() {
      if index == 2 || index == 5 {
        expectFailure(result, "table holders")
      } else {
        _ = try result.get()
      }
    }
    try write(value, key, store.tables.holders)
    try store.checkSoundness()
    try store.checkRebuild()
  }
}
