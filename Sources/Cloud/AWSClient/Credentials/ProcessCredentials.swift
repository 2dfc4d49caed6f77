import Files
import FoundationEssentials
import JSONTape
import PlainText

/// The keys that a program prints (`credential_process`).
///
/// It is started without a shell, with this process's environment and nothing to read.
struct ProcessCredentials: CredentialSource {
  let host: ClientHost
  let command: String

  var name: String { "its credential_process" }

  func ask() throws -> CredentialAnswer {
    guard let words = ShellWords.split(command), let program = words.first else {
      throw CredentialFailure("its credential_process has a quote that does not end, or is empty")
    }
    guard let path = Self.path(of: program) else {
      throw CredentialFailure("its credential_process \"\(program.onOneLine)\" is not there")
    }
    let output: [UInt8]
    do { output = try host.output(path, Array(words.dropFirst())) } catch {
      throw CredentialFailure("its credential_process \(error)".onOneLine)
    }
    guard let document = try? JSONValue(parsing: output) else {
      throw CredentialFailure("its credential_process printed no JSON")
    }
    guard document["Version"]?.whole == 1 else {
      throw CredentialFailure("its credential_process printed no document of Version 1")
    }
    return .found(
      try AWSCredentials(
        document, CredentialNames(token: "SessionToken"), from: "its credential_process"))
  }

  /// Where a program is: as named, or in the folders of PATH.
  private static func path(of program: String) -> String? {
    let isThere = FileManager.default.isExecutableFile(atPath:)
    if program.contains("/") {
      let path = AWSFiles.path(program)
      return isThere(path) ? path : nil
    }
    let folders = (environmentValue("PATH") ?? "/usr/bin:/bin").split(separator: ":")
    return folders.map { "\($0)/\(program)" }.first(where: isThere)
  }
}
