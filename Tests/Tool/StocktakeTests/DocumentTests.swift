import Foundation
import Testing

/// docs/cli.md says of every verb what the program says itself.
@Suite struct DocumentTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  /// The verbs of a program, each with the words that call it, and those of theirs.
  private func verbs() throws -> [[String]] {
    let description = try bench.run("--experimental-dump-help").json() as? [String: Any]
    func verbs(_ command: [String: Any], _ path: [String]) -> [[String]] {
      let inner = (command["subcommands"] as? [[String: Any]] ?? []).filter {
        $0["shouldDisplay"] as? Bool != false && $0["commandName"] as? String != "help"
      }
      let all = inner.flatMap { verbs($0, path + [$0["commandName"] as? String ?? ""]) }
      return (path.isEmpty ? [] : [path]) + all
    }
    return verbs(try #require(description?["command"] as? [String: Any]), [])
  }

  private func synopses(_ verb: [String]) throws -> [String] {
    bench.environment["COLUMNS"] = "1000"
    let help = try bench.run(verb + ["--help"]).output
    let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
    let first = try #require(lines.firstIndex { $0.hasPrefix("USAGE: ") })
    return lines[first...].prefix { !$0.isEmpty }.map {
      $0.replacing("USAGE: ", with: "").trimmingCharacters(in: .whitespaces)
    }
  }

  @Test func `the synopsis of every verb is the program's own`() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("docs/cli.md").path
    let document = try String(contentsOfFile: path, encoding: .utf8)
    let lines = Set(document.split(separator: "\n").map(String.init))
    let verbs = try verbs()
    #expect(verbs.count > 40)
    for verb in verbs {
      for synopsis in try synopses(verb) where !synopsis.hasSuffix("<subcommand>") {
        #expect(lines.contains(synopsis), "docs/cli.md lacks the line: \(synopsis)")
      }
    }
  }
}
