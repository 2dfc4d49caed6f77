import Glibc
import HistoryStore
import Inventory

/// Every kind of thing that writes to a store, each one commit or, for a backup, none.
enum Act: String, CaseIterable {
  case setControl, removeControl
  case newNode, change, late, repeated, unchanged, known, imported
  case tag, terminate, deleteType, declareIdentity
  case forgetNode, forgetBefore, rebuild, backup

  /// Valid times that no two acts share.
  private static func time(_ number: Int) -> Instant {
    Instant(seconds: 1_700_000_000 + Int64(number) * 60)
  }

  private static func report(
    _ node: String, _ number: Int, at time: Instant, origin: Report.Origin = .reported
  ) throws -> Report {
    let items: [Item] = (0..<4).map {
      ["Name": "package-\($0)", "Architecture": "amd64", "Version": "\($0 == 1 ? number : 1)"]
    }
    return Report(
      node: try NodeID(node),
      entries: [
        .init(
          type: .application, captureTime: time, contentHash: "h\(number)", content: items),
        .init(
          type: try TypeName("Custom:Rack"), captureTime: time,
          content: [["Serial": "\(number / 8)", "Bay": "\(number % 3)"]]),
      ], origin: origin)
  }

  private static func store(_ report: Report, _ store: HistoryStore) throws {
    for result in try store.record([report]) { _ = try result.get() }
  }

  /// A body as a node sends it each time, but for its capture time.
  private static func body(_ number: Int) -> [UInt8] {
    let content = #"[{"Name":"a","Version":"1"},{"Name":"b","Version":"2"}]"#
    return Array(
      """
      {"InstanceId":"same","Items":[{"TypeName":"AWS:Application","SchemaVersion":"1.1",\
      "CaptureTime":"\(time(number))","ContentHash":"same","Content":\(content)}]}
      """.utf8)
  }

  /// What every store of the test begins with, so that each act has something to act on.
  static func begin(_ store: HistoryStore) throws {
    for node in ["steady", "gone"] {
      try self.store(report(node, 0, at: time(-1)), store)
    }
    for result in try store.record(json: [body(0)]) { _ = try result.get() }
  }

  func perform(_ number: Int, on store: HistoryStore, in folder: String) throws {
    let time = Self.time(number)
    switch self {
    case .setControl:
      try store.setControlRow(Array("t\(number % 3)".utf8), to: Array("\(number)".utf8))
    case .removeControl: try store.setControlRow(Array("t\(number % 3)".utf8), to: nil)
    case .newNode: try Self.store(Self.report("node-\(number)", number, at: time), store)
    case .change: try Self.store(Self.report("steady", number, at: time), store)
    case .late:
      try Self.store(Self.report("steady", number, at: time.advanced(bySeconds: -605)), store)
    case .repeated: for one in try store.record(json: [Self.body(number)]) { _ = try one.get() }
    case .unchanged:
      let entry = Report.Entry(
        type: .application, captureTime: time, unchangedSince: "same")
      // Erased or ended by another act: then it is refused, and must leave no trace.
      _ = try store.record([Report(node: NodeID("same"), entries: [entry])])
    case .known: try Self.store(Self.report("known", 0, at: Self.time(0)), store)
    case .imported:
      try Self.store(
        Self.report(
          "steady", number, at: time.advanced(bySeconds: -300),
          origin: .imported(Report.Source("log-\(number % 2)", tellsEveryChange: true))), store)
    case .tag:
      try store.changeTags(of: NodeID("steady"), at: time) { try $0.set("n", to: "\(number)") }
    case .terminate: try store.recordNodeEvent(.terminated, node: NodeID("steady"), at: time)
    case .deleteType: try store.deleteType(TypeName("Custom:Rack"), at: time)
    case .declareIdentity:
      try store.declareIdentity(
        of: TypeName("Custom:Rack"), attributes: [number % 2 == 0 ? "Serial" : "Bay"])
    case .forgetNode: try store.forget(node: NodeID("gone"), reason: "\(number)")
    case .forgetBefore:
      try store.forget(before: time.advanced(bySeconds: -600), reason: "\(number)")
    case .rebuild: _ = try store.rebuild()
    case .backup:
      let file = "\(folder)/backup-\(getpid())-\(number)"
      try store.backup(to: file)
      unlink(file)
    }
  }
}

extension CrashWriter {
  /// Performs one act after another, as it is told, and says when each is done.
  static func act(_ path: String) throws {
    let store = try HistoryStore(path: path)
    say("ACTS " + Act.allCases.map(\.rawValue).joined(separator: " "))
    while let line = readLine() {
      let words = line.split(separator: " ")
      if line == "begin" {
        try Act.begin(store)
      } else if words.count == 2, let act = Act(rawValue: String(words[0])),
        let number = Int(words[1])
      {
        try act.perform(number, on: store, in: path)
      } else {
        exit(2)
      }
      say("DONE \(line)")
    }
  }
}
