import Foundation
import Inventory
import Testing

@testable import HistoryStore

/// Whatever is accepted at a limit can be read, verified, and made again to the same bytes.
@Suite struct LimitTests {
  private let folder: TemporaryFolder
  private let store: HistoryStore
  private let node: NodeID

  init() throws {
    folder = try TemporaryFolder()
    store = try HistoryStore(path: folder.path)
    node = try NodeID(String(repeating: "n", count: ReportLimits.default.nodeIDBytesMax))
  }

  private func time(_ minute: Int) -> Instant { baseTime.advanced(bySeconds: Int64(minute) * 60) }

  private func file(_ index: Int, size: Int = 0) -> Item {
    ["Name": "file\(index)", "InstalledDir": "/usr/lib", "Size": "\(size)"]
  }

  /// Records observations of one type, a minute apart, and compares each with what is read.
  private func expectReadable(_ type: TypeName, _ contents: [[Item]]) throws {
    for (minute, content) in contents.enumerated() {
      let entry = Report.Entry(type: type, captureTime: time(minute), content: content)
      let receipt = try store.record([Report(node: node, entries: [entry])])[0].get()
      #expect(receipt.itemCount == content.count)
    }
    try expectSound(type, contents)
  }

  private func expectSound(_ type: TypeName, _ contents: [[Item]]) throws {
    for (minute, content) in contents.enumerated() {
      let state = try store.state(of: node, type: type, at: time(minute))
      #expect(state.items.count == content.count, "minute \(minute)")
      let isSame = Set(state.items) == Set(content)
      #expect(isSame, "minute \(minute)")
    }
    let changes = try store.history(of: node, type: type)
    #expect(changes.count == contents.indices.reduce(0) { $0 + changeCount(contents, $1) })
    try store.checkSoundness()
    try store.checkRebuild()
  }

  /// Changes from one content to the next, of files.
  private func changeCount(_ contents: [[Item]], _ index: Int) -> Int {
    guard index > 0 else { return contents[index].count }
    let old = Set(contents[index - 1])
    let new = Set(contents[index])
    func names(_ items: Set<Item>) -> Set<String?> { Set(items.map { $0["Name"] }) }
    return names(old.subtracting(new)).union(names(new.subtracting(old))).count
  }

  @Test(arguments: [8_999, 9_000, 10_000])
  func `all items of a type that a report can have, new ones, changed ones and none`(
    _ count: Int
  ) throws {
    let all = (0..<count).map { file($0) }
    let changed = (0..<count).map { file($0, size: 1) }
    let others = (0..<count).map { file($0 + count) }
    try expectReadable(
      TypeName("AWS:File"), [all, changed, others, [], all, Array(others[..<(count / 2)])])
  }

  @Test func `a late report of all items, before and between others`() throws {
    let type = try TypeName("AWS:File")
    let all = (0..<10_000).map { file($0) }
    let order: [(minute: Int, content: [Item])] = [
      (3, all), (0, [file(0)]),
      (2, all.map { file(Int($0["Name"]?.dropFirst(4) ?? "") ?? 0, size: 2) }),
      (1, []), (4, [file(1)]),
    ]
    for (minute, content) in order {
      let entry = Report.Entry(type: type, captureTime: time(minute), content: content)
      _ = try store.record([Report(node: node, entries: [entry])])[0].get()
    }
    try expectSound(type, order.sorted { $0.minute < $1.minute }.map(\.content))
  }

  @Test func `equal items, and items that differ in the occurrence alone`() throws {
    let count = 10_000
    let equal = [Item](
      repeating: ["Name": "same", "Architecture": "all", "Version": "1"], count: count)
    let times = (0..<count).map { index -> Item in
      [
        "Name": "same", "Architecture": "all", "Version": "1",
        "InstalledTime": Instant(seconds: 1_700_000_000 + Int64(index)).description,
      ]
    }
    for (minute, content) in [equal, times, [], equal].enumerated() {
      let entry = Report.Entry(type: .application, captureTime: time(minute), content: content)
      _ = try store.record([Report(node: node, entries: [entry])])[0].get()
      let state = try store.state(of: node, type: .application)
      #expect(state.items.count == content.count)
      #expect(Set(state.items) == Set(content))
    }
    #expect(try store.holders(of: "same", at: time(10)).count == count)
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `attributes and values of the greatest length, the same in many items`() throws {
    let limits = ReportLimits.default
    func item(_ index: Int, _ value: Character) -> Item {
      var values = (1..<limits.attributesMax).map { attribute -> (key: String, value: String) in
        let name =
          String(repeating: "ä", count: limits.attributeNameLengthMax - 2) + "\(10 + attribute)"
        return (
          name, String(repeating: value, count: attribute < 4 ? limits.attributeValueLengthMax : 9)
        )
      }
      values.append(("Name", "item\(index)" + String(repeating: "x", count: 4000)))
      return Item(values)
    }
    let type = try TypeName("Custom:" + String(repeating: "T", count: 93))
    try expectReadable(
      type, [(0..<200).map { item($0, "ü") }, (0..<200).map { item($0, "🦊") }, []])
  }

  @Test(arguments: [0, 1, 366, 367, 368, 397, 398, 399, 400, 401, 4096])
  func `identities of every length that a key has or has not room for`(_ length: Int) throws {
    let long = String(repeating: "k", count: length)
    let others: [Item] = [["Name": String((long + "1").suffix(4096))], ["Name": "other"]]
    let content = others + (length == 0 ? [[:]] : [["Name": long]])
    let entry = Report.Entry(type: .application, captureTime: time(0), content: content)
    _ = try store.record([Report(node: node, entries: [entry])])[0].get()
    #expect(try Set(store.state(of: node, type: .application).items) == Set(content))
    if length > 0, length < 4096 { #expect(try store.holders(of: long, at: time(1)).count == 1) }
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `as many types as a report can have, and as many items in each as fit a body`() throws
  {
    var configuration = HistoryStore.Configuration()
    configuration.limits.bodyBytesMax = ReportLimits.bodyBytesCeiling
    let folder = try TemporaryFolder()
    let store = try HistoryStore(path: folder.path, configuration: configuration)
    let types = (0..<configuration.limits.entriesMax).map { "Custom:T\($0)" }
    let perType = 1_000
    let entries = types.map { type in
      let items = (0..<perType).map { #"{"Name":"\#(type.dropFirst(7))-\#($0)"}"# }
      return
        #"{"TypeName":"\#(type)","SchemaVersion":"1.0","CaptureTime":"\#(time(0))","Content":["#
        + items.joined(separator: ",") + "]}"
    }
    let body = #"{"InstanceId":"n","Items":[\#(entries.joined(separator: ","))]}"#
    let receipt = try store.record(json: [Array(body.utf8)])[0].get()
    #expect(receipt.itemCount == types.count * perType)
    for type in types {
      let state = try store.state(of: NodeID("n"), type: TypeName(type))
      #expect(state.items.count == perType)
    }
    try store.checkSoundness()
    try store.checkRebuild()
  }

  /// Around the sizes at which a list of postings leaves its pool, fills a row, and gets keyframes.
  @Test func `one item on many nodes, gained and lost`() throws {
    for round in 0..<2 {
      for count in [15, 16, 17, 18, 400] {
        let reports = try (0..<count).map { index in
          Report(
            node: try NodeID("n\(index)"),
            entries: [
              .init(
                type: .application, captureTime: time(round * 1000 + count),
                content: round == 0 ? [["Name": "p\(count)", "Version": "1"]] : [])
            ])
        }
        for result in try store.record(reports) { _ = try result.get() }
        #expect(
          try store.holders(of: "p\(count)", at: time(round * 1000 + count)).count
            == (round == 0 ? count : 0))
      }
    }
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `one node that gains and loses everything at one moment, many times over`() throws {
    // Rows of postings that no moment cuts.
    let type = try TypeName("AWS:InstanceInformation")
    for round in 0..<6 {
      let content =
        round % 2 == 0 ? (0..<2_000).map { _ in ["ComputerName": "\(round)"] as Item } : []
      let entry = Report.Entry(type: type, captureTime: time(0), content: content)
      _ = try store.record([Report(node: node, entries: [entry])])[0].get()
      #expect(try store.state(of: node, type: type).items.count == content.count)
    }
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `lists of attribute names have a limit, up to which they are kept`() throws {
    let type = try TypeName("Custom:Shapes")
    func report(_ numbers: Range<Int>, _ type: TypeName, _ minute: Int) throws -> Report {
      let content = numbers.map { ["a\($0)": "x"] as Item }
      return Report(
        node: node, entries: [.init(type: type, captureTime: time(minute), content: content)])
    }
    let most = Writer.shapesMax
    let refused = try store.record([try report(0..<most + 1, type, 0)])[0]
    #expect(throws: ReportError.self) { _ = try refused.get() }
    #expect(try store.nodes().isEmpty)
    _ = try store.record([try report(0..<most, type, 0)])[0].get()
    #expect(try store.state(of: node, type: type).items.count == most)
    let another = try store.record([try report(most..<most + 1, type, 1)])[0]
    guard case .failure(let error) = another else {
      Issue.record("one more was accepted")
      return
    }
    #expect(error.code == .tooManyTypes && error.type == type.text)
    // Those that are known, and other types, go on.
    _ = try store.record([try report(0..<2, type, 2)])[0].get()
    _ = try store.record([try report(0..<2, TypeName("Custom:Other"), 2)])[0].get()
    try store.checkSoundness()
    try store.checkRebuild()
  }

  @Test func `a Context makes no more of a body than the items of a type may take`() throws {
    let context = (0..<40).map { #""C\#($0)":"\#(String(repeating: "c", count: 4000))""# }
    func body(_ items: Int) -> [UInt8] {
      let content = (0..<items).map { #"{"Id":"\#($0)","Status":"COMPLIANT"}"# }
      return Array(
        """
        {"InstanceId":"n","Items":[{"TypeName":"AWS:ComplianceItem","SchemaVersion":"1.0",\
        "CaptureTime":"\(time(0))","Context":{\(context.joined(separator: ","))},\
        "Content":[\(content.joined(separator: ","))]}]}
        """.utf8)
    }
    #expect(try store.record(json: [body(90)])[0].get().itemCount == 90)
    guard case .failure(let error) = try store.record(json: [body(120)])[0] else {
      Issue.record("it was accepted")
      return
    }
    #expect(error.code == .tooLarge && error.type == "AWS:ComplianceItem")
    try store.checkSoundness()
  }

  @Test func `keys of control rows have a limit, up to which they are kept`() throws {
    let long = [UInt8](repeating: 7, count: HistoryStore.controlKeyBytesMax)
    try store.setControlRow(long, to: [1])
    #expect(try store.controlRow(long) == [1])
    for key in [[], long + [7]] {
      #expect(throwsCode(.invalidQuestion) { try store.setControlRow(key, to: [1]) })
    }
    try store.checkSoundness()
  }

  @Test func `limits can be raised to what the format keeps, and no further`() throws {
    func opens(_ change: (inout ReportLimits) -> Void) throws -> Bool {
      var configuration = HistoryStore.Configuration()
      change(&configuration.limits)
      let folder = try TemporaryFolder()
      return !throwsCode(.invalidQuestion) {
        _ = try HistoryStore(path: folder.path, configuration: configuration)
      }
    }
    #expect(try opens { $0.itemsMax = SlotChangeCodec.slotsMax })
    #expect(try !opens { $0.itemsMax = SlotChangeCodec.slotsMax + 1 })
    #expect(try opens { $0.entriesMax = ReportLimits.entriesCeiling })
    #expect(try !opens { $0.entriesMax = ReportLimits.entriesCeiling + 1 })
    #expect(try opens { $0.attributesMax = 126 })
    #expect(try !opens { $0.attributesMax = 127 })
    #expect(try !opens { $0.attributeValueLengthMax = .max })
    #expect(try !opens { $0.nodeIDBytesMax = 0 })
  }
}
