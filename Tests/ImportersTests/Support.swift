import Collectors
import Foundation
import Inventory

@testable import Importers

/// A directory that goes with its last reference.
final class TemporaryTree: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("importers-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file inside.
  func path(_ name: String) -> String { path + "/" + name }

  /// Writes a file and the directories above it.
  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let url = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  /// Writes a file of text.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }

  /// Sets when a file was last written.
  func setModified(_ name: String, _ seconds: Int) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: Double(seconds))], ofItemAtPath: path(name))
  }

  var machine: Machine { Machine(root: path) }
}

/// The output of a tool, or nil where the tool is missing or fails.
func output(of tool: String, _ arguments: String...) -> String? {
  for directory in ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"] {
    let path = directory + tool
    guard FileManager.default.isExecutableFile(atPath: path) else { continue }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }
  return nil
}

/// The generator of Steele, Lea and Flood; the same numbers from the same seed everywhere.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Name, version and architecture: what a log can know.
struct Known: Hashable, CustomStringConvertible {
  var name: String
  var version: String
  var architecture: String

  init(_ name: String, _ version: String, _ architecture: String = "x86_64") {
    self.name = name
    self.version = version
    self.architecture = architecture
  }

  init(_ item: Item) {
    self.init(item["Name"] ?? "", item["Version"] ?? "", item["Architecture"] ?? "")
  }

  var description: String { "\(name):\(architecture) \(version)" }
}

/// An item as the collector gives it for a package.
func present(
  _ name: String, _ version: String, _ architecture: String = "amd64",
  installed: String? = "2026-01-01T00:00:00Z"
) -> Item {
  var item: Item = [
    "Name": name, "Version": version, "Publisher": "Someone <someone@example.org>",
    "Architecture": AgentForm.architecture(architecture), "ApplicationType": "utils",
    "Summary": "the program \(name)", "PackageId": "\(name)_\(version)_\(architecture).deb",
  ]
  item["InstalledTime"] = installed
  return item
}

/// The instant of `2026-03-03 09:00:00` in UTC.
func utc(_ text: String) -> Instant {
  Instant(captureTime: text.replacingOccurrences(of: " ", with: "T") + "Z") ?? .distantPast
}
