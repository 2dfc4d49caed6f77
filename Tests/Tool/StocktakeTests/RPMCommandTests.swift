import CollectionSupport
import Foundation
import Testing

/// The verbs `collect` and `import` on a machine of rpm.
@Suite(.enabled(if: RPMMachine.isPossible, "\(RPMMachine.obstacle ?? "")"))
struct RPMCommandTests {
  private let bench: Bench
  private let rpm: RPMMachine

  init() throws {
    bench = try Bench()
    rpm = try RPMMachine()
    for version in ["1", "2"] { try rpm.build("tool", version) }
    try rpm.publish()
    try rpm.dnf("install", "tool-1")
  }

  @Test func `log and history become the past of a node, once however often`() throws {
    // What comes and goes within one second was never there.
    Thread.sleep(forTimeInterval: 1.1)
    try rpm.dnf("upgrade")
    let files = ["dnf.rpm.log", "history.sqlite"].map { name in
      rpm.path(name.hasSuffix("log") ? "var/log/\(name)" : "var/lib/dnf/\(name)")
    }
    let words = ["import", "rpm", "--node", "n", "--root", rpm.root] + files
    let first = try bench.run(words)
    #expect(first.status == 0 && first.errors == "", "\(first.errors)")
    #expect(first.output.contains("of 2 files"))
    let again = try bench.run(words)
    #expect(again.output.contains(", 0 changes, "), "\(again.output)")
    let show = try bench.run(
      ["show", "n", "Custom:DnfTransaction", "--format", "json", "--at", "now"])
    #expect(show.output.contains("tool.noarch (1-1, 2-1)"), "\(show.output)")
    let held = try bench.run(["who-had", "tool", "--from", "2020-01-01", "--to", "now"])
    #expect(held.lines.filter { $0.contains("noarch") }.count == 2, "\(held.output)")
  }

  @Test(.enabled(if: isProgram("python3"), "python3 says what a process took"))
  func `a repository of 100,000 packages costs no memory`() throws {
    let path = try rpm.metadata("-primary.xml.gz")
    try FileManager.default.removeItem(atPath: path)
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    // A list may be plain, whatever it is called.
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    let filler = String(repeating: "<rpm:entry name='lib.so(GLIBC_2.34)' flags='EQ'/>", count: 24)
    try file.write(contentsOf: Data("<metadata>".utf8))
    for block in 0..<1000 {
      var text = ""
      for number in (block * 100)..<(block * 100 + 100) {
        text += """
          <package type="rpm"><name>\(number == 50_000 ? "tool" : "p\(number)")</name>\
          <arch>noarch</arch><version epoch="0" ver="\(number)" rel="1"/>
          <format><rpm:provides>\(filler)</rpm:provides></format></package>
          """
      }
      try file.write(contentsOf: Data(text.utf8))
    }
    try file.write(contentsOf: Data("</metadata>".utf8))
    try file.close()
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    #expect(size > 120 << 20)
    let plan = try bench.file("plan.yaml", "types: [AWS:PatchCompliance]\nseconds: 100\n")
    let script = """
      import resource, subprocess, sys
      subprocess.run(sys.argv[1:], check=True)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
      """
    let text = try #require(
      output(
        of: "python3", "-c", script, bench.program, "collect", "--node", "n", "--root", rpm.root,
        "--config", plan, "--output", "request"))
    #expect(text.contains("tool 50000-1 (installed 1-1)"))
    let peak = try #require(text.split(separator: "\n").last.flatMap { Int($0) })
    print("\(size >> 20) MiB of XML, \(peak >> 10) MiB resident at most")
    #expect(peak < 90 << 10)
  }
}
