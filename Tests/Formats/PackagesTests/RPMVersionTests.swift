import CollectionSupport
import Foundation
import Testing

@testable import Packages

struct RPMVersionTests {
  @Test func `the parts are compared one after the other`() {
    func version(_ epoch: String?, _ version: String, _ release: String) -> RPMVersion {
      RPMVersion(epoch: epoch, version: version, release: release)
    }
    let ordered = [
      version(nil, "1.0~rc1", "1"), version("0", "1.0", "1~a"), version(nil, "1.0", "1"),
      version(nil, "1.0", "1^git"), version(nil, "1.0", "1.1"), version(nil, "1.0^a", "1"),
      version(nil, "1.0.1", "1"), version(nil, "1.10", "1"), version("1", "0", "0"),
    ]
    for (index, a) in ordered.enumerated() {
      for (other, b) in ordered.enumerated() {
        #expect((a < b) == (index < other), "\(a.text) < \(b.text)")
        #expect((a == b) == (index == other), "\(a.text) == \(b.text)")
      }
    }
    #expect(version(nil, "1.0", "1") == version("0", "1.00", "01"))
    #expect(version("2", "1", "3").text == "2:1-3" && version("0", "1", "3").text == "1-3")
  }

  @Test(.enabled(if: isProgram("rpm"), "the order is that of the real rpm"))
  func `versions are ordered as rpm orders them`() throws {
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0...UInt64.max)
    print("seed \(seed); STOCKTAKE_SEED repeats it")
    var random = SplitMix64(seed: seed)
    let parts = [
      "1", "2", "10", "01", "0", "00", "a", "b", "ab", "A", "Z", "z", ".", ".", "..", "_", "+",
      "~", "~", "^", "^", "~~", "^^", "rc", "el9", "18446744073709551616", "ü", "/", "[", "@",
    ]
    func word() -> String {
      (0..<Int.random(in: 1...5, using: &random))
        .map { _ in parts.randomElement(using: &random) ?? "" }.joined()
    }
    func version(_ head: String) -> RPMVersion {
      // Neither version nor release can have a dash.
      RPMVersion(
        epoch: Int.random(in: 0..<9, using: &random) == 0 ? "1" : nil, version: head + word(),
        release: word())
    }
    var pairs: [(RPMVersion, RPMVersion)] = []
    for round in 0..<20_000 {
      // Most pairs have the same beginning, so that what follows decides.
      let head = round % 4 > 0 ? word() : ""
      let first = version(head)
      var second = version(head)
      if round % 5 == 0 {
        let tail = round % 2 == 0 ? "" : word()
        second = RPMVersion(
          epoch: String(first.epoch), version: first.version, release: first.release + tail)
      }
      pairs.append((first, second))
    }
    let tree = try TemporaryTree()
    let path = try tree.write("pairs", pairs.map { "\($0.text) \($1.text)\n" }.joined())
    let script = """
      for l in io.lines("\(path)") do
        local a, b = l:match("(%S+) (%S+)")
        print(rpm.vercmp(a, b) .. "\\n")
      end
      """
    let text = try #require(output(of: "rpm", "--eval", "%{lua: \(script)}"))
    let answers = text.split(separator: "\n").compactMap { Int($0) }
    #expect(answers.count == pairs.count)
    var counts = [-1: 0, 0: 0, 1: 0]
    for ((a, b), answer) in zip(pairs, answers) {
      let order = a < b ? -1 : a == b ? 0 : 1
      #expect(order == answer, "\(a.text) and \(b.text), seed \(seed)")
      counts[answer, default: 0] += 1
    }
    print("\(pairs.count) pairs: \(counts)")
    #expect(counts.values.allSatisfy { $0 > 100 })
  }
}
