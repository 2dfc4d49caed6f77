import Foundation
import Glibc
import Testing

/// The examples of docs/collectors.md, run as they are written.
@Suite struct CollectionExampleTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  private static let document: String = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let url = folder.appendingPathComponent("docs/collectors.md")
    return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
  }()

  /// The blocks of a language.
  private static func blocks(_ language: String) -> [String] {
    document.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first
    }
  }

  private func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
    let path = bench.directory + "/" + name
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  /// The types of the reports that a command would send, each with its items.
  private func collected(_ arguments: [String]) throws -> [String: [[String: String]]] {
    let run = try bench.run(
      ["collect", "--node", "i-1", "--output", "request"] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    var types: [String: [[String: String]]] = [:]
    for line in run.output.split(separator: "\n") {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      for item in object?["Items"] as? [[String: Any]] ?? [] {
        types[item["TypeName"] as? String ?? ""] = item["Content"] as? [[String: String]]
      }
    }
    return types
  }

  @Test(.enabled(if: geteuid() == 0, "it runs scripts as another user"))
  func `the configuration collects what its lines say`() throws {
    let blocks = Self.blocks("yaml")
    #expect(blocks.count == 1)
    let example = try #require(blocks.first)
    // Only where it looks for what this test puts there is another place.
    let folder = bench.directory + "/etc"
    let text = example.replacing("/etc/stocktake", with: folder)
    #expect(text != example)
    try write("collect.yaml", text)
    try write(
      "etc/custom/rack.json",
      #"{"TypeName":"Custom:Rack","SchemaVersion":"1.0","Content":{"Row":"7"}}"#)
    try write(
      "etc/scripts/who",
      #"""
      #!/bin/sh
      printf '{"TypeName":"Custom:Who","SchemaVersion":"1.0","Content":{"User":"%s"}}' "$(id -un)"
      """#, mode: 0o755)
    for name in ["etc", "etc/scripts"] {
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: bench.directory + "/" + name)
    }
    let types = try collected(["--config", bench.directory + "/collect.yaml"])
    #expect(
      Set(types.keys) == [
        "AWS:Application", "AWS:Network", "AWS:Process", "AWS:File", "Custom:Rack", "Custom:Who",
      ])
    #expect(types["Custom:Who"] == [["User": "nobody"]])
    let files = try #require(types["AWS:File"])
    #expect(!files.isEmpty && files.count <= 500)
    #expect(
      files.allSatisfy { item in
        item["Name"]?.hasSuffix(".conf") == true && item["SHA256"] == nil
          && item["InstalledDir"]?.hasPrefix("/etc") == true && item["LastAccessTime"] == nil
      })
  }

  @Test func `the parameters collect what they say`() throws {
    let start = try #require(Self.document.firstRange(of: "such as\n`{"))
    let text = Self.document[start.upperBound...].prefix { $0 != "`" }
    let types = try collected(["--parameters", "{" + text])
    #expect(
      Set(types.keys).subtracting(["Custom:CollectorStatus"]) == ["AWS:Application", "AWS:File"])
    let files = try #require(types["AWS:File"])
    #expect(!files.isEmpty && files.allSatisfy { $0["Name"]?.hasSuffix(".conf") == true })
  }

  @Test func `a document is in the form that is shown`() throws {
    let start = try #require(Self.document.firstRange(of: #"`{"TypeName":"Custom:…","#))
    let text =
      ("{\"TypeName\":\"Custom:…\"," + Self.document[start.upperBound...].prefix { $0 != "`" })
      .replacing("\n", with: " ").replacing("Custom:…", with: "Custom:Shown")
    for content in [#"{"Row":7,"On":true}"#, #"[{"Row":"1"},{"Row":"2"}]"#] {
      let document = text.replacing("{…} or […]", with: content)
      #expect(document != text)
      try write("root/etc/stocktake/custom/shown.json", document)
      let types = try collected([
        "--root", bench.directory + "/root", "--type", "Custom:Shown",
      ])
      let items = try #require(types["Custom:Shown"])
      #expect(items == [["Row": "7", "On": "true"]] || items == [["Row": "1"], ["Row": "2"]])
    }
  }
}
