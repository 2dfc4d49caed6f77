import Digests
import Foundation
import Inventory
import PackedBytes
import Testing

/// Valid bodies, changed at random: never a crash, and what is accepted says what Foundation reads.
@Suite struct ReportFuzzTests {
  private static let sample = """
    {"InstanceId":"i-1","Items":[{"TypeName":"AWS:Application","SchemaVersion":"1.1",\
    "CaptureTime":"2026-03-03T08:00:00Z","ContentHash":"abc","Content":[{"Name":"b\\u00e4sh",\
    "Version":"5.2","InstalledTime":"2026-01-02T03:04:05Z"},{"Name":"世界\\n","Version":"",\
    "InstalledTime":"unknown"},{"Name":"\\ud83d\\udc27\\\\","InstalledTime":""},{}]},\
    {"TypeName":"Custom:Disk","SchemaVersion":"1.0","CaptureTime":"2026-03-02T08:00:00Z",\
    "Content":[{"a":"1","b":"2"},{"b":"2","a":"1"}]},{"TypeName":"AWS:Network",\
    "SchemaVersion":"1.0","CaptureTime":"2026-03-02T08:00:00Z","ContentHash":"h"}]}
    """

  // Without a byte order mark: Foundation drops one that begins a string.
  private static let tokens = [
    "\"", "\\", "\\u0000", "\\ud800", "{", "}", "[", "]", ",", ":", "null", "true", "0", "-1e9",
    "\"Name\":\"x\",", "\u{0}", "é", " ", "{}", "[]", "\"\":\"\"", "AWS:", "Custom:",
  ]

  private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard !bytes.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    switch random.next() % 7 {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(UInt8.random(in: 0x20...0x7e, using: &random), at: place)
    case 4:
      let token = Self.tokens.randomElement(using: &random) ?? ""
      bytes.insert(contentsOf: Array(token.utf8), at: place)
    case 5:
      let end = min(bytes.count, place + Int.random(in: 1...20, using: &random))
      bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
    default:
      let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
      bytes.removeSubrange(place..<end)
    }
  }

  /// What Foundation reads: the attributes of each item, by type.
  private func foundation(_ bytes: [UInt8]) throws -> [String: [[String: String]]] {
    let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    var result: [String: [[String: String]]] = [:]
    for case let entry as [String: Any] in object?["Items"] as? [Any] ?? [] {
      guard let type = entry["TypeName"] as? String else { continue }
      result[type] = entry["Content"] as? [[String: String]]
    }
    return result
  }

  @Test func `a body changed at random is refused, or read as Foundation reads it`() throws {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0 ... .max)
    let seconds =
      ProcessInfo.processInfo.environment["STOCKTAKE_FUZZ_SECONDS"].flatMap { Double($0) }
      ?? Double(longForm(2, 120))
    print("report fuzz: seed \(seed); STOCKTAKE_SEED repeats it")
    var random = SeededGenerator(seed: seed)
    let reader = ReportReader(limits: .default, hash: KeyedHash())
    let end = Date().addingTimeInterval(seconds)
    var tried = 0
    var accepted = 0
    while Date() < end {
      for _ in 0..<50 {
        var bytes = Array(Self.sample.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes, &random) }
        tried += 1
        // The same in UTF-8: a mark can also come about by chance.
        if bytes.firstRange(of: [0xef, 0xbb, 0xbf]) != nil { continue }
        guard let report = try? reader.read(bytes.span.bytes, now: testNow) else { continue }
        accepted += 1
        let expected = try foundation(bytes)
        for entry in report.entries {
          let name = TypeDefinition.of(entry.type).occurrenceAttributes.first
          let items = entry.content?.attributes(occurrenceName: name)
          // A canonical item has no order of attributes, but keeps that of the items.
          #expect(
            items == expected[entry.type.text],
            "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
        }
      }
    }
    #expect(accepted > 0)
    print("\(tried) bodies, \(accepted) accepted")
  }

  @Test func `the library's own report and its JSON have one canonical form`() throws {
    let item: Item = ["Name": "bash", "Version": "5.2", "InstalledTime": "2026-01-02T03:04:05Z"]
    let report = Report(
      node: try NodeID("i-1"),
      entries: [
        .init(
          type: .application, schemaVersion: "1.1",
          captureTime: testNow.advanced(bySeconds: -3600), content: [item])
      ])
    let own = try report.canonical(limits: .default, hash: KeyedHash(), now: testNow)
    let json = try read(
      body(
        item: "\"Version\":\"5.2\",\"InstalledTime\":\"2026-01-02T03:04:05Z\",\"Name\":\"bash\""))
    let left = try #require(own.entries[0].content)
    let right = try #require(json.entries[0].content)
    #expect(own.entries[0].captureTime == json.entries[0].captureTime)
    #expect(left.elements[0].occurrence == right.elements[0].occurrence)
    let leftBytes = [UInt8](copying: left.bytes(of: left.elements[0].piece))
    let rightBytes = [UInt8](copying: right.bytes(of: right.elements[0].piece))
    #expect(leftBytes == rightBytes)
    #expect(
      left.attributes(occurrenceName: "InstalledTime") == [
        ["Name": "bash", "Version": "5.2", "InstalledTime": "2026-01-02T03:04:05Z"]
      ])
  }
}
