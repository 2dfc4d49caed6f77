import CrashSupport
import Foundation
import Inventory
import LMDB
import Testing

@testable import HistoryStore

/// Processes and tasks that use one store at the same time.
@Suite(.serialized) struct SeveralProcessesTests {
  private func start(
    _ folder: ScratchFolder, seed: UInt64, from: Int, count: Int, _ mode: String
  ) throws -> ChildProcess {
    try ChildProcess(["write", folder.path, "\(seed)", "\(from)", "\(count)", mode])
  }

  @Test func `a reader sees whole reports only while another process writes`() throws {
    let folder = try ScratchFolder()
    do { _ = try HistoryStore(path: folder.path) }
    // The writer's map grows past what the reader began with.
    let child = try ChildProcess(
      ["write", folder.path, "21", "0", "400", "async"], ["MAP_SIZE": "65536"])
    var configuration = HistoryStore.Configuration()
    configuration.isReadOnly = true
    configuration.mapSize = 1 << 16
    let store = try HistoryStore(path: folder.path, configuration: configuration)
    var lines: [String] = []
    var looks = 0
    while let line = child.line() {
      lines.append(line)
      guard line.hasPrefix("ACK "), let number = Int(line.dropFirst(4)) else { continue }
      // What was acknowledged before this look is there; its neighbours are whole or absent.
      let isThere = try isStored(NumberedReport(number: number, seed: 21), in: store)
      #expect(isThere, "report \(number)")
      try expectWholeOrAbsent(NumberedReport(number: number + 3, seed: 21), in: store)
      looks += 1
    }
    let end = child.end(after: lines)
    #expect(end.status == 0)
    #expect(looks == 400)
    #expect(try store.verify().problems == [])
  }

  @Test func `two processes write to one store in turns`() throws {
    let folder = try ScratchFolder()
    let children = [
      try start(folder, seed: 31, from: 0, count: 150, "sync"),
      try start(folder, seed: 32, from: 10_000, count: 150, "async"),
    ]
    // This process is the third.
    let store = try HistoryStore(path: folder.path)
    for number in 20_000..<20_040 {
      let report = try NumberedReport(number: number, seed: 33).report()
      _ = try store.record([report])[0].get()
    }
    for child in children { #expect(child.end().status == 0) }
    for (seed, first, count) in [(31, 0, 150), (32, 10_000, 150), (33, 20_000, 40)] {
      for number in first..<first + count {
        let isThere = try isStored(NumberedReport(number: number, seed: UInt64(seed)), in: store)
        #expect(isThere, "report \(number)")
      }
    }
    #expect(try store.verify().problems == [])
  }

  @Test func `reports that arrive together share their flushes`() async throws {
    let folder = try ScratchFolder()
    let store = try HistoryStore(path: folder.path)
    let before = store.environment.information.lastTransactionID
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<64 {
        group.addTask {
          _ = try await store.record(NumberedReport(number: number, seed: 41).report())
        }
      }
      try await group.waitForAll()
    }
    let commits = store.environment.information.lastTransactionID - before
    #expect(commits >= 1)
    #expect(commits < 32)
    for number in 0..<64 {
      let isThere = try isStored(NumberedReport(number: number, seed: 41), in: store)
      #expect(isThere)
    }
    print("64 concurrent reports took \(commits) commits")
  }

  @Test func `a refused report spoils none of those that share its flush`() async throws {
    let folder = try ScratchFolder()
    let store = try HistoryStore(path: folder.path)
    let outcomes = await withTaskGroup(of: (Int, Bool).self) { group in
      for number in 0..<20 {
        group.addTask {
          do {
            var report = try NumberedReport(number: number, seed: 42).report()
            if number % 5 == 0 {
              report.entries[0] = .init(
                type: .application, captureTime: report.entries[0].captureTime,
                unchangedSince: "never seen")
            }
            _ = try await store.record(report)
            return (number, true)
          } catch { return (number, false) }
        }
      }
      return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
    }
    for number in 0..<20 {
      #expect(outcomes[number] == (number % 5 != 0))
      let isThere = try isStored(NumberedReport(number: number, seed: 42), in: store)
      #expect(isThere == (number % 5 != 0))
    }
    #expect(try store.verify().problems == [])
  }
}
