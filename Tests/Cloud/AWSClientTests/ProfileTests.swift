import Foundation
import Testing

@testable import AWSClient

/// The files in which AWS's tools keep profiles, and the commands that they name.
@Suite struct ProfileTests {
  private static func config(_ settings: String, _ keys: String = "") throws -> SharedConfig {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("profiles-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (config, credentials) = (
      folder.appendingPathComponent("a"), folder.appendingPathComponent("b")
    )
    try Data(settings.utf8).write(to: config)
    try Data(keys.utf8).write(to: credentials)
    return try SharedConfig(configPath: config.path, credentialsPath: credentials.path)
  }

  @Test func sections() throws {
    let config = try Self.config(
      """
      # a remark
      [default]
      Region = eu-west-1
      s3 =
        addressing_style = path
        Max = 5
      ; another

      [profile "two words"]
      role_arn: arn:aws:iam::1:role/x
      source_profile=default
      [profile one]
      output = json
        more of it
      [sso-session corp]
      sso_region = us-east-1
      [services local]
      ssm =
        endpoint_url = http://127.0.0.1:8055
      [profile]
      a = b
      [something else here]
      a = b
      [profile one]
      region = us-west-2
      """,
      "[default]\naws_access_key_id = AKIA\nregion = eu-north-1\n[keys only]\na = b = c\n")
    // Keys count before settings; profiles in the file of keys have no word before them.
    #expect(
      config.profile("default")
        == [
          "region": "eu-north-1", "s3": "", "s3.addressing_style": "path", "s3.max": "5",
          "aws_access_key_id": "AKIA",
        ])
    #expect(
      config.profile("two words")
        == ["role_arn": "arn:aws:iam::1:role/x", "source_profile": "default"])
    #expect(config.profile("one") == ["output": "json", "region": "us-west-2"])
    #expect(config.profile("keys only") == ["a": "b = c"])
    #expect(config.profile("profile") == nil && config.profile("none") == nil)
    #expect(config.sessions == ["corp": ["sso_region": "us-east-1"]])
    #expect(config.services == ["local": ["ssm": "", "ssm.endpoint_url": "http://127.0.0.1:8055"]])
  }

  @Test(arguments: ["a = b", "[default", "[default]\nnothing", "[a]\nb = c\n[b]\nx"])
  func linesThatAreNone(_ text: String) throws {
    let error = #expect(throws: ClientError.self) { try Self.config(text) }
    #expect(error?.description.contains("line ") == true)
  }

  @Test func filesThatAreNotThere() throws {
    let config = try SharedConfig(configPath: "/nonexistent/a", credentialsPath: "/nonexistent/b")
    #expect(config.profile("default") == nil)
  }

  @Test(
    "words are those of a shell",
    arguments: [
      "a b  c", "'a b' c", "\"a b\" c", "a\\ b", "a'b'\"c\"", "''", "\"\"", "\"a\\\"b\"",
      "\"a\\\\b\"",
      "'a\\b'", " a\tb ", "x='y z'",
    ])
  func words(_ text: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "set -f; for word in \(text); do printf '%s\\n' \"$word\"; done"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let expected = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    #expect(ShellWords.split(text) == expected.map(String.init))
  }

  @Test(arguments: ["'a", "\"a", "a\\", "'a\"b"]) func wordsWithoutAnEnd(_ text: String) {
    #expect(ShellWords.split(text) == nil)
  }

  @Test func keysAreNotTold() {
    let keys = AWSCredentials("AKIA\nX", "secret", "token")
    #expect(
      !"\(keys)".contains("secret") && !"\(keys)".contains("token") && !"\(keys)".contains("\n"))
  }
}
