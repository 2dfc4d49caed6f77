import CollectionSupport
import Collectors
import Foundation
import Inventory
import Testing

@testable import Importers

struct AptHistoryTests {
  private let text = """

    Start-Date: 2026-03-03  10:00:00
    Commandline: apt-get -o Acquire::http::Proxy=http://me:secret@proxy:80 install a
    Requested-By: kim (1000)
    Install: a:amd64 (1.0), b:amd64 (2, automatic)
    Upgrade: c:amd64 (1, 2)
    End-Date: 2026-03-03  10:00:05

    Start-Date: 2026-07-03  10:00:00
    Commandline: apt purge a
    Purge: a:amd64 (1.0)
    Error: Sub-process /usr/bin/dpkg returned an error code (1)
    End-Date: 2026-07-03  10:00:01

    """

  private func history(_ paths: [String]) throws -> ImportedHistory {
    try AptHistoryImporter(timeZone: try #require(TimeZone(identifier: "Europe/Berlin")))
      .history(paths: paths, node: NodeID("n"))
  }

  private func entries(_ history: ImportedHistory) -> [Report.Entry] {
    history.reports.flatMap(\.entries)
  }

  @Test func `each transaction adds a row at its end`() throws {
    let tree = try TemporaryTree()
    let history = try history([try tree.write("history.log", text)])
    let entries = entries(history)
    #expect(
      entries.map(\.captureTime) == [utc("2026-03-03 09:00:05"), utc("2026-07-03 08:00:01")])
    #expect(entries.map { $0.content?.count } == [1, 2])
    #expect(entries.allSatisfy { $0.type.text == "Custom:AptTransaction" })
    #expect(
      entries[1].content == [
        [
          "StartDate": "2026-03-03T09:00:00Z", "EndDate": "2026-03-03T09:00:05Z",
          "CommandLine": "apt-get -o Acquire::http::Proxy=http://[redacted]@proxy:80 install a",
          "RequestedBy": "kim (1000)", "Installed": "a:amd64 (1.0), b:amd64 (2, automatic)",
          "InstalledCount": "2", "Upgraded": "c:amd64 (1, 2)", "UpgradedCount": "1",
        ],
        [
          "StartDate": "2026-07-03T08:00:00Z", "EndDate": "2026-07-03T08:00:01Z",
          "CommandLine": "apt purge a", "Purged": "a:amd64 (1.0)", "PurgedCount": "1",
          "Error": "Sub-process /usr/bin/dpkg returned an error code (1)",
        ],
      ])
    #expect(history.knownFrom == utc("2026-03-03 09:00:00"))
    #expect(history.warnings.isEmpty && history.recordsRead == 2)
  }

  @Test(arguments: [
    ("-o Acquire::https::Password=hunter2 update", "-o Acquire::https::Password=[redacted] update"),
    (#"-o Dir::Auth="hunter2 hunter2" update"#, "-o Dir::Auth=[redacted] update"),
    ("--token hunter2 install a", "--token [redacted] install a"),
    ("API_KEY=hunter2 install a", "API_KEY=[redacted] install a"),
    ("-o Proxy=http://me:hunter2@proxy update", "-o Proxy=http://[redacted]@proxy update"),
    ("install --no-install-recommends a=1.0-1 b:amd64 c+", nil),
  ])
  func `secrets of a command line are taken out, and nothing else`(
    words: String, shown: String?
  ) throws {
    let tree = try TemporaryTree()
    let stanza = text.replacing("apt purge a", with: "apt-get \(words)")
    let path = try tree.write("history.log", stanza)
    let row = entries(try history([path])).last?.content?.last
    #expect(row?["CommandLine"] == "apt-get \(shown ?? words)")
  }

  @Test func `files in any order, packed or repeated, give each transaction once`() throws {
    let tree = try TemporaryTree()
    let whole = try tree.write("history.log", text)
    let expected = entries(try history([whole]))
    let parts = text.components(separatedBy: "\nStart-Date: 2026-07")
    let old = try tree.write("history.log.1", parts[0])
    let new = try tree.write("new", "\nStart-Date: 2026-07" + parts[1])
    #expect(entries(try history([new, old])) == expected)
    #expect(entries(try history([new, whole, old, whole])) == expected)
    guard output(of: "gzip", old) != nil else { return }
    #expect(entries(try history([new, old + ".gz", new])) == expected)
  }

  @Test func `what is damaged or cut is named and left out`() throws {
    let tree = try TemporaryTree()
    let path = try tree.write(
      "history.log",
      """
      Commandline: lost
      Start-Date: 2026-03-03  10:00:00
      Start-Date: 2026-03-04  10:00:00
      nonsense
      Install: a:amd64 (1)
      End-Date: 2026-03-04  10:00:01
      End-Date: 2026-03-04  10:00:01
      Start-Date: yesterday
      Start-Date: 2026-03-05  10:00:00
      End-Date: 2026-03-05  10:00
      """)
    let history = try history([path])
    #expect(entries(history).map { $0.content?.count } == [1])
    let numbers = history.warnings.compactMap {
      $0.dropFirst(path.count).split { !$0.isNumber }.first.flatMap { Int($0) }
    }
    #expect(numbers == [1, 2, 4, 7, 8, 10, 9])
  }

  @Test func `more transactions than are kept drop the oldest`() throws {
    let tree = try TemporaryTree()
    var text = ""
    let start = utc("2026-01-01 00:00:00").seconds
    for number in 0..<1010 {
      let stamp = Instant(seconds: start + Int64(number * 60)).description
        .replacing("T", with: "  ").dropLast()
      text += "Start-Date: \(stamp)\nCommandline: \(number)\nEnd-Date: \(stamp)\n\n"
    }
    let all = entries(try history([try tree.write("history.log", text)]))
    #expect(all.count == 1010)
    #expect(all[999].content?.count == 1000)
    #expect(all[1009].content?.count == 1000)
    #expect(all[1009].content?.first?["CommandLine"] == "10")
  }

  @Test func `the installer's times and those of a wrong clock are told as what they are`() throws {
    let tree = try TemporaryTree()
    var text = ""
    for (number, day) in [
      "2021-02-27  12:43:4", "2021-02-27  09:44:0", "2021-02-28  10:04:1", "2022-10-01  00:00:0",
      "2021-03-28  10:04:1", "1970-01-01  00:00:0", "2021-04-28  10:04:1",
    ].enumerated() {
      text += "Start-Date: \(day)0\nCommandline: \(number)\nEnd-Date: \(day)5\n\n"
    }
    let importer = AptHistoryImporter(
      timeZone: try #require(TimeZone(identifier: "America/Argentina/Buenos_Aires")))
    let history = try importer.history(
      paths: [try tree.write("history.log", text)], node: NodeID("n"))
    let rows = entries(history).last?.content ?? []
    #expect(
      rows.map { "\($0["CommandLine"] ?? "") \($0["StartDate"] ?? "-")" } == [
        "0 2021-02-27T12:43:40Z", "1 2021-02-27T12:44:00Z", "2 2021-02-28T13:04:10Z", "3 -",
        "4 2021-03-28T13:04:10Z", "5 -", "6 2021-04-28T13:04:10Z",
      ])
    #expect(history.warnings.count == 3, "\(history.warnings)")
  }

  @Test func `random bytes are no history`() throws {
    let tree = try TemporaryTree()
    var random = SplitMix64(seed: 9)
    for count in 0..<60 {
      let bytes = (0..<count * 30).map { _ in UInt8.random(in: 0...255, using: &random) }
      let path = try tree.write("x", bytes)
      if bytes.isEmpty {
        #expect(entries(try history([path])).isEmpty)
      } else {
        #expect(throws: CollectorError.self) { try history([path]) }
      }
    }
  }

  @Test func `the real history is read without a warning`() throws {
    let path = "/var/log/apt/history.log"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8), !text.isEmpty else {
      return
    }
    let count = text.split(separator: "\n").count { $0.hasPrefix("End-Date: ") }
    let history = try AptHistoryImporter().history(paths: [path], node: NodeID("n"))
    #expect(entries(history).last?.content?.count ?? 0 == min(count, 1000))
    let open = text.split(separator: "\n").count { $0.hasPrefix("Start-Date: ") } - count
    #expect(history.warnings.count == open)
  }
}
