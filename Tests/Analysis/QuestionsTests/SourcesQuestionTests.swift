import Foundation
import HistoryStore
import Inventory
import JSONTape
import Testing
import Times

@testable import Questions

/// Which source a package is from, where its node says it, where others do, and where nobody knows.
@Suite final class SourcesQuestionTests {
  private let directory = NSTemporaryDirectory() + "sources-\(UUID().uuidString)"
  private let store: HistoryStore
  private let start = Instant(seconds: 1_772_496_000)

  init() throws { store = try HistoryStore(path: directory) }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  private func record(_ node: String, _ hour: Int, _ types: [TypeName: [Item]]) throws {
    let time = start.advanced(bySeconds: Int64(hour) * 3600)
    let entries = types.map { type, items in
      Report.Entry(type: type, captureTime: time, content: items)
    }
    for result in try store.record([Report(node: try NodeID(node), entries: entries)]) {
      _ = try result.get()
    }
  }

  private func package(_ name: String, _ version: String, release: String? = nil) -> Item {
    var item: Item = ["Name": name, "Version": version, "Architecture": "x86_64"]
    item["Release"] = release
    return item
  }

  private func source(_ package: Item, _ name: String, _ version: String = "1") -> Item {
    var item = package
    item["SourceName"] = name
    item["SourceVersion"] = version
    return item
  }

  private func platform(_ name: String) -> [Item] { [["PlatformName": name, "AgentType": name]] }

  /// `name version: source (who says so)` of each package.
  private func sources(_ node: String, _ given: [String: String] = [:]) throws -> [String] {
    let arguments = try Arguments(
      .sources, given.merging(["id": node]) { $1 },
      Arguments.Reading(times: TimeParser(zone: .utc, now: store.now)))
    return try StoreSource(store, .local).ask(.sources, arguments).rows.map { row in
      func text(_ name: String) -> String { row[name]?.text ?? "-" }
      return "\(text("name")) \(text("version")): \(text("source")) (\(text("told")))"
    }
  }

  @Test func `what a node does not tell, others of its platform do`() throws {
    let ssl = package("libssl3", "3.0.11")
    try record(
      "modern", 0,
      [
        .application: [ssl, package("own", "1")],
        .packageSource: [source(ssl, "openssl"), source(package("own", "1"), "own")],
        .instanceInformation: platform("Debian GNU/Linux"),
      ])
    for (node, name) in [("old", "Debian GNU/Linux"), ("other", "Ubuntu"), ("mute", "")] {
      try record(node, 1, [.application: [ssl, package("libssl3", "3.0.12")]])
      if !name.isEmpty { try record(node, 1, [.instanceInformation: platform(name)]) }
    }
    #expect(
      try sources("modern") == ["libssl3 3.0.11: openssl (node)", "own 1: own (node)"])
    #expect(
      try sources("old") == ["libssl3 3.0.11: openssl (fleet)", "libssl3 3.0.12: - (-)"])
    // Whose platform is another, or is not known, has nobody to ask.
    let nobody = ["libssl3 3.0.11: - (-)", "libssl3 3.0.12: - (-)"]
    #expect(try sources("other") == nobody && sources("mute") == nobody)
    #expect(try sources("old", ["name": "*ssl*"]).count == 2)
    #expect(try sources("old", ["name": "bash"]) == [])
  }

  @Test func `what was said at whatever time holds for a version, as known then`() throws {
    let old = package("bash", "5.1", release: "1.el9")
    let new = package("bash", "5.2", release: "1.el9")
    let all = platform("Rocky Linux")
    try record("teacher", 0, [.application: [old], .instanceInformation: all])
    try record("pupil", 0, [.application: [old], .instanceInformation: all])
    let before = try store.lastSequence
    try record("teacher", 5, [.application: [old], .packageSource: [source(old, "bash-src")]])
    // The teacher has gone on since.
    try record("teacher", 9, [.application: [new], .packageSource: [source(new, "bash-src")]])
    #expect(try sources("pupil") == ["bash 5.1: bash-src (fleet)"])
    let early = start.advanced(bySeconds: 60).description
    #expect(try sources("teacher", ["at": early]) == ["bash 5.1: bash-src (fleet)"])
    #expect(try sources("teacher") == ["bash 5.2: bash-src (node)"])
    // Another release of the same version is another build.
    try record("pupil", 10, [.application: [package("bash", "5.1", release: "2.el9")]])
    #expect(try sources("pupil") == ["bash 5.1: - (-)"])
    let answer = try store.reading(.local, Moment(through: before)) { reader in
      try reader.items(named: "bash", type: .packageSource)
    }
    #expect(answer == [])
    #expect(
      try store.reading(.local) { try $0.items(named: "bash", type: .packageSource) }.count == 2)
  }

  @Test func `where others contradict each other nothing is known`() throws {
    let item = package("tool", "1")
    for (node, name) in [("a", "tool"), ("b", "tool"), ("c", "tool-fork")] {
      try record(
        node, 0,
        [
          .application: [item], .packageSource: [source(item, name)],
          .instanceInformation: platform("Debian"),
        ])
    }
    try record("d", 0, [.application: [item], .instanceInformation: platform("Debian")])
    #expect(try sources("d") == ["tool 1: - (-)"])
    #expect(try sources("c") == ["tool 1: tool-fork (node)"])
  }

  @Test func `whose a package is stands beside it`() throws {
    try record(
      "n", 0,
      [
        .application: [package("a", "1"), package("b", "1")],
        .packageOrigin: [["Name": "a", "Architecture": "x86_64", "Origin": "Debian"]],
      ])
    let arguments = try Arguments(
      .sources, ["id": "n"],
      Arguments.Reading(times: TimeParser(zone: .utc, now: store.now)))
    let rows = try StoreSource(store, .local).ask(.sources, arguments).rows
    #expect(rows.map { $0["origin"]?.text } == ["Debian", nil])
  }
}
