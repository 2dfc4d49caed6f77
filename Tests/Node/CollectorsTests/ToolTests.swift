import CollectionSupport
import Foundation
import Testing

@testable import Collectors

/// Programs that are run for what they print.
struct ToolTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func tool(_ text: String, secondsMax: Double = 10) throws -> Tool {
    let path = try tree.write("script", "#!/bin/sh\n" + text)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return Tool(path: path, limits: .init(secondsMax: secondsMax))
  }

  /// Runs on a thread of its own: a tool waits, and must not hold one that tasks need.
  private func run(_ tool: Tool) async throws -> Tool.Output {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try tool.run() }) }
    }
  }

  @Test(.timeLimit(.minutes(1)))
  func `a program that has closed its output ends by itself`() async throws {
    let output = try await run(try tool("echo said; exec >&- 2>&-; sleep 0.3; exit 7\n"))
    #expect(output.bytes == Array("said\n".utf8))
    #expect(output.status == 7)
  }

  @Test(.timeLimit(.minutes(1)))
  func `one that closes its output and stays is killed in time`() async throws {
    let begin = ContinuousClock.now
    let output = try await run(try tool("exec >&- 2>&-; sleep 60\n", secondsMax: 0.5))
    #expect(output.status == nil)
    #expect(ContinuousClock.now - begin < .seconds(20))
  }

  @Test(.timeLimit(.minutes(1)))
  func `it begins in the folder that is named, with the variables that are given`() async throws {
    var tool = try tool("pwd -P; echo $WORD\n")
    tool.folder = "/usr/bin"
    tool.environment = ["WORD": "one"]
    #expect(try await run(tool).bytes == Array("/usr/bin\none\n".utf8))
  }
}
