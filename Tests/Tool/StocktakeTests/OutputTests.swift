@testable import Questions
@testable import PlainText
import Glibc
import JSONTape
import HistoryStore
import Inventory
import Packages
import Terminal
import Testing

@testable import stocktake

@Suite struct JSONTests {
  @Test func `texts are escaped and members keep their order`() {
    let value = JSONValue.object([
      .init("b", .string("a\"\\\n\r\t\u{1}\u{7f}é😀")), .init("a", .null),
      .init("n", .integer(-5)), .init("t", .bool(true)), .init("l", .array([])),
    ])
    #expect(
      value.compact
        == #"{"b":"a\"\\\n\r\t\u0001\u007fé😀","a":null,"n":-5,"t":true,"l":[]}"#)
  }

  @Test func `flat objects inside stay on one line`() {
    var out: [UInt8] = []
    JSONValue.object([
      .init("items", .array([.item(["Name": "bash", "Version": "5"])])), .init("none", .array([])),
    ]).write(to: &out, indent: 0)
    #expect(
      String(decoding: out, as: UTF8.self) == """
        {
          "items": [
            {"Name": "bash", "Version": "5"}
          ],
          "none": []
        }
        """)
  }
}

@Suite struct CSVTests {
  @Test func `fields are quoted where RFC 4180 wants it`() {
    var out: [UInt8] = []
    CSV.append(["plain", "a,b", "say \"hi\"", "two\nlines", "", " x ", "\r"], to: &out)
    #expect(
      String(decoding: out, as: UTF8.self)
        == "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",, x ,\"\r\"\r\n")
  }

  @Test func `nested values are JSON and null is nothing`() {
    #expect(CSV.field(.null) == "")
    #expect(CSV.field(nil) == "")
    #expect(CSV.field(.integer(3)) == "3")
    #expect(CSV.field(.item(["Name": "a"])) == #"{"Name":"a"}"#)
  }
}

@Suite struct TextTests {
  @Test(arguments: [
    ("abc", 3), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("😀", 2), ("👩‍👩‍👧", 2), ("한국", 4),
    ("ﾊﾝ", 2), ("", 0), ("a\u{200b}b", 2), ("…", 1), ("█", 1),
  ])
  func `widths on a terminal`(text: String, width: Int) {
    #expect(text.displayWidth == width)
  }

  @Test func `nothing in data acts on the terminal`() {
    #expect(
      "a\u{1b}[31mb\r\n\t\u{9b}\u{7f}\u{202e}".withoutControls == "a\u{fffd}[31mb"
        + String(repeating: "\u{fffd}", count: 6))
    #expect("plain é".withoutControls == "plain é")
  }

  @Test func `a cut text never gets wider`() {
    #expect("abcdef".cut(toWidth: 6) == "abcdef")
    #expect("abcdef".cut(toWidth: 4) == "abc…")
    #expect("日本語".cut(toWidth: 4) == "日…")
    #expect("日本語".cut(toWidth: 5) == "日本…")
  }

  @Test func `a name is cut in its middle, and ends as it did`() {
    #expect("mi-0123456789abcdef0".cutInMiddle(toWidth: 20) == "mi-0123456789abcdef0")
    #expect("mi-0123456789abcdef0".cutInMiddle(toWidth: 12) == "mi-012…cdef0")
    #expect("日本語日本語".cutInMiddle(toWidth: 8) == "日本…語")
    for width in 1...20 {
      #expect("mi-0123456789abcdef0".cutInMiddle(toWidth: width).displayWidth == width)
    }
  }

  @Test func `a wrapped text is broken at blanks, and nothing of it is lost`() {
    #expect("Version 1.0 → 1.1".wrapped(toWidth: 40) == ["Version 1.0 → 1.1"])
    #expect("Version 1.0 → 1.1".wrapped(toWidth: 11) == ["Version 1.0", "→ 1.1"])
    #expect("abcdefgh ij".wrapped(toWidth: 3) == ["abc", "def", "gh", "ij"])
    #expect("日本語".wrapped(toWidth: 1) == ["日", "本", "語"])
    #expect("".wrapped(toWidth: 5) == [""])
    let text = "linux-image-6.1.0-28-amd64 1:2.36.1-8+deb12u1 → 1:2.36.1-8+deb12u2"
    for width in 1...70 {
      let lines = text.wrapped(toWidth: width)
      #expect(lines.allSatisfy { $0.displayWidth <= width })
      #expect(
        lines.joined().filter { $0 != " " } == text.filter { $0 != " " }, "\(width)")
    }
  }

  @Test func `versions are ordered by their numbers`() {
    let versions = ["1.10", "1.9", "", "1.9.1", "1.010", "2", "1:0.1", "2~rc1", "10", "1.9a"]
    #expect(
      versions.sorted(by: isOrderedAsVersions).filter { $0 != "1.010" }
        == ["", "1.9", "1.9a", "1.9.1", "1.10", "2~rc1", "2", "10", "1:0.1"])
  }

  @Test func `sparklines show zero as a dot and the largest as a full block`() {
    #expect(sparkline([0, 1, 4, 8], max: 8) == "·▁▄█")
    #expect(sparkline([0, 0], max: 0) == "··")
    #expect(sparkline([1000, 1], max: 1000) == "█▁")
  }

  @Test func `counts and sizes`() {
    #expect(grouped(0) == "0")
    #expect(grouped(999) == "999")
    #expect(grouped(3_000_000) == "3,000,000")
    #expect(byteText(1023) == "1023 B")
    #expect(byteText(1536) == "1.5 KiB")
  }
}

@Suite struct TableTests {
  /// What a table prints to a pipe, which is no terminal.
  private func render(_ table: Table) throws -> String {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let printer = Printer(descriptor: ends[1])
    #expect(!printer.usesColour)
    table.print(to: printer)
    printer.flush()
    close(ends[1])
    defer { close(ends[0]) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(ends[0], &bytes, bytes.count)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  @Test func `columns are aligned by what is seen`() throws {
    var table = Table([.init("NAME"), .init("N", isRightAligned: true), .init("WHAT")])
    table.rows = [["日本", "7", "x"], ["ab", "1234", ""], [.init("e\u{301}\u{1b}[1m"), "", "y"]]
    #expect(
      try render(table) == """
        NAME      N  WHAT
        日本      7  x
        ab     1234
        e\u{301}\u{fffd}[1m        y

        """)
  }
}

@Suite struct StoreLocationTests {
  private func path(_ option: String?, _ environment: [String: String]) throws -> String {
    try StoreOptions.directory(option: option) { environment[$0] }
  }

  @Test func `the option, the variable, the data folder, the home, in this order`() throws {
    let all = ["STOCKTAKE_STORE": "/s", "XDG_DATA_HOME": "/x", "HOME": "/h"]
    #expect(try path("here", all) == "here")
    #expect(try path(nil, all) == "/s")
    #expect(try path(nil, ["XDG_DATA_HOME": "/x", "HOME": "/h"]) == "/x/stocktake")
    #expect(try path(nil, ["XDG_DATA_HOME": "x", "HOME": "/h"]) == "/h/.local/share/stocktake")
    #expect(throws: CommandFailure.self) { try path(nil, [:]) }
    #expect(throws: CommandFailure.self) { try path("", all) }
  }
}
