import Foundation
import Testing

/// The documents say what the code does.
@Suite struct DocumentTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test(arguments: [
    "README.md", "Sources/Store/HistoryStore/HistoryStore.docc/EmbeddingTheStore.md",
  ])
  func `the embedding example is the snippet, which compiles`(path: String) throws {
    let snippet = try text("Snippets/Embed.swift")
    #expect(try text(path).contains("```swift\n" + snippet + "```"))
  }

  @Test func `the README has at most 200 lines`() throws {
    #expect(
      try text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count <= 200)
  }

  @Test(arguments: [
    "README.md", "CHANGELOG.md", "docs/architecture.md", "docs/semantics.md", "docs/format.md",
    "docs/operations.md",
    "docs/compatibility.md", "docs/http-api.md",
  ])
  func `every link to a file leads to one`(path: String) throws {
    let folder = Self.root.appendingPathComponent(path).deletingLastPathComponent()
    for match in try text(path).matches(of: /\]\(([^)#:]+)(#[^)]*)?\)/) {
      let target = folder.appendingPathComponent(String(match.1)).path
      #expect(FileManager.default.fileExists(atPath: target), "\(path): \(match.1)")
    }
  }
}
