import Digests
import Foundation
import Inventory
import PackedBytes
import Testing

/// A reader that knows items gives what one that reads everything gives.
@Suite struct KnownItemsTests {
  /// An owner of contents: numbers them by their canonical bytes.
  private struct Owner {
    var numbers: [[UInt8]: UInt32] = [:]
    var contents: [[UInt8]] = [[]]

    mutating func number(_ bytes: [UInt8]) -> UInt32 {
      if let known = numbers[bytes] { return known }
      contents.append(bytes)
      numbers[bytes] = UInt32(contents.count - 1)
      return UInt32(contents.count - 1)
    }

    /// An observation's items, however they are known.
    func items(_ content: CanonicalContent) -> [[UInt8]] {
      content.elements.map { element in
        let bytes =
          element.knownContent != 0
          ? contents[Int(element.knownContent)]
          : [UInt8](copying: content.bytes(of: element.piece))
        var occurrence = Array("\(element.occurrence.seconds ?? -1)".utf8)
        if let index = element.occurrence.complexID {
          occurrence = [UInt8](
            copying: content.bytes(of: content.complexOccurrences[Int(index)]))
        }
        return bytes + [0] + occurrence
      }
    }

    /// Numbers what was read and teaches it.
    mutating func learn(_ report: CanonicalReport, _ body: [UInt8], _ known: KnownItems) {
      known.updating(to: 0) {
        for entry in report.entries {
          guard let content = entry.content else { continue }
          for item in content.readItems {
            let element = content.elements[item.element]
            let number = number([UInt8](copying: content.bytes(of: element.piece)))
            known.learn(
              body.span.bytes.extracting(item.text), type: entry.type, content: number,
              occurrence: element.occurrence)
          }
        }
      }
    }
  }

  private let pieces = [
    #"{"Name":"a package with a long name","Version":"1","InstalledTime":"2026-01-02T03:04:05Z"}"#,
    #"{"Name":"a package with a long name","Version":"1","InstalledTime":"2026-01-02T03:04:06Z"}"#,
    #"{"Name":"a package with a long name","Version":"2","InstalledTime":"2026-01-02T03:04:05Z"}"#,
    #"{"Name":"a package with a long name","Version":"2","InstalledTime":"2026-13-02T03:04:05Z"}"#,
    #"{"Name":"another } one with [ braces ]","Version":"\"}","InstalledTime":""}"#,
    #"{"Name":"twice the same time","V":"2026-01-02T03:04:05Z","InstalledTime":"2026-01-02T03:04:05Z"}"#,
    #"{ "Name" : "with some white space" , "InstalledTime" : "2026-02-02T03:04:05Z" }"#,
    #"{"Name":"\u00e4sh, which is written with an escape","Version":"5"}"#,
    #"{"Name":"short"}"#, "{}", #"{"Name":"a value that is no string here","Version":5}"#,
    #"{"CaptureTime":"2026-01-02T03:04:05Z","Name":"has it in an item"}"#, "17", #""text""#,
    #"{"Name":"nested object in the item","More":{"a":"b"}}"#,
  ]

  private func randomBody(_ random: inout SeededGenerator) -> [UInt8] {
    let separators = [",", ",", ",", ",", " , ", ",\n", "", ",,"]
    func content(_ random: inout SeededGenerator) -> String {
      var text = Int.random(in: 0..<4, using: &random) == 0 ? "[ " : "["
      let isGood = Int.random(in: 0..<4, using: &random) > 0
      for index in 0..<Int.random(in: 0...6, using: &random) {
        if index > 0 {
          text += isGood ? "," : separators.randomElement(using: &random) ?? ","
        }
        text += (isGood ? pieces[..<10] : pieces[...]).randomElement(using: &random) ?? "{}"
      }
      return text + (Int.random(in: 0..<30, using: &random) == 0 ? ",]" : "]")
    }
    let types = ["AWS:Application", "Custom:Disk"].shuffled(using: &random)
    let more = [
      "", #","Context":{}"#, #","Context":{"a":"b"}"#, #","Other":{"Content":["# + pieces[0] + "]}",
      #","Con\"Content":["# + pieces[0] + "]",
    ]
    let entries = types.map { type in
      let time = Int.random(in: 10...59, using: &random)
      let head = """
        "TypeName":"\(type)","SchemaVersion":"1.1","CaptureTime":"2026-03-01T08:00:\(time)Z"
        """
      let tail =
        Int.random(in: 0..<12, using: &random) == 0 ? more.randomElement(using: &random) : ""
      let list = content(&random)
      return Bool.random(using: &random)
        ? "{\(head),\"Content\":\(list)\(tail ?? "")}"
        : "{\"Content\": \(list),\(head)\(tail ?? "")}"
    }
    return Array("{\"InstanceId\":\"i-1\",\"Items\":[\(entries.joined(separator: ","))]}".utf8)
  }

  @Test func `bodies of items known and not read as they do without`() throws {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0 ... .max)
    print("known items: seed \(seed); STOCKTAKE_SEED repeats it")
    var random = SeededGenerator(seed: seed)
    let hash = KeyedHash()
    let plain = ReportReader(limits: .default, hash: hash)
    let reader = ReportReader(limits: .default, hash: hash)
    let known = KnownItems(hash: hash)
    var owner = Owner()
    var knownCount = 0
    var refused = 0
    for _ in 0..<longForm(3000, 100_000) {
      let bytes = randomBody(&random)
      let expected = Result { () throws(ReportError) in
        try plain.read(bytes.span.bytes, now: testNow)
      }
      let got = Result { () throws(ReportError) in
        try reader.read(bytes.span.bytes, known: known, now: testNow)
      }
      let text = "seed \(seed): \(String(decoding: bytes, as: UTF8.self))"
      switch (expected, got) {
      case (.failure(let a), .failure(let b)):
        refused += 1
        #expect(a == b, "\(text)")
      case (.success(let a), .success(let b)):
        #expect(a.entries.map(\.type) == b.entries.map(\.type), "\(text)")
        for (x, y) in zip(a.entries, b.entries) {
          let one = try #require(x.content)
          let other = try #require(y.content)
          #expect(owner.items(one) == owner.items(other), "\(text)")
          knownCount += other.elements.count { $0.knownContent != 0 }
        }
        #expect(a.hasPlainCaptureTimes == b.hasPlainCaptureTimes, "\(text)")
        owner.learn(b, bytes, known)
      default: Issue.record("one is refused: \(text)")
      }
    }
    print("\(knownCount) items known, \(refused) bodies refused")
    #expect(knownCount > 300)
  }

  @Test func `a string that looks like a marker is no marker`() {
    // Whoever knew a marker could name items of others; it has 128 random bits.
    let text = body(item: #""Name":"a package with a long name","Version":"1""#)
    let hash = KeyedHash()
    let reader = ReportReader(limits: .default, hash: hash)
    let known = KnownItems(hash: hash)
    let marker = String(repeating: "0", count: 32) + "0"
    for forged in ["[\"\(marker)\"]", "[\"\(marker)\",{\"Name\":\"x\"}]"] {
      let bytes = Array(
        text.replacing(
          "[{\"Name\":\"a package with a long name\",\"Version\":\"1\"}]", with: forged
        ).utf8)
      #expect(throws: ReportError.self) {
        try reader.read(bytes.span.bytes, known: known, now: testNow)
      }
    }
  }
}
