import CollectionSupport
import Foundation
import Glibc
import Inventory
import Synchronization
import Testing

@testable import Collectors

/// containerd with folders of its own, which ends with its last reference.
private final class Containerd {
  let tree: TemporaryTree
  private let process = Process()
  private var socket: String { tree.path("c.sock") }

  /// Nil where there is no containerd, or it does not answer within 20 s.
  init?() throws {
    tree = try TemporaryTree()
    let config = """
      version = 2
      root = "\(tree.path("var/lib/containerd"))"
      state = "\(tree.path("state"))"
      disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
      [grpc]
      address = "\(tree.path("c.sock"))"
      """
    let path = "/usr/bin/containerd"
    guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["--config", try tree.write("config.toml", config)]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let latest = Date().addingTimeInterval(20)
    while ctr("version") == nil {
      guard process.isRunning, Date() < latest else { return nil }
      usleep(50_000)
    }
  }

  deinit {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  func ctr(_ words: String...) -> String? { ctr(words) }

  private func ctr(_ words: [String]) -> String? {
    let command = (["timeout", "30", "ctr", "-a", socket] + words).map { "'\($0)'" }
    return output(of: "sh", "-c", command.joined(separator: " ") + " </dev/null 2>/dev/null")
  }

  /// An archive of one image with one file in it.
  func archive(_ name: String) throws -> String? {
    let folder = "archives/\(UUID().uuidString)"
    try tree.write("\(folder)/hello", "hello \(name)\n")
    let path = tree.path(folder)
    guard output(of: "tar", "-cf", path + "/layer.tar", "-C", path, "hello") != nil else {
      return nil
    }
    try tree.write(
      "\(folder)/config.json",
      #"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#
    )
    try tree.write(
      "\(folder)/manifest.json",
      #"[{"Config":"config.json","RepoTags":["\#(name)"],"Layers":["layer.tar"]}]"#)
    let archive = path + "/image.tar"
    let files = ["manifest.json", "config.json", "layer.tar"]
    return output(of: "tar", "-cf", archive, "-C", path, files[0], files[1], files[2]) == nil
      ? nil : archive
  }

  /// Imports an image under a name into a name space.
  func add(_ name: String, to space: String) throws {
    let archive = try #require(try archive(name))
    _ = try #require(ctr("-n", space, "images", "import", "--no-unpack", archive))
  }

  /// The names, digests and labels that containerd's own program lists.
  func listed(_ space: String) throws -> Set<String> {
    let text = try #require(ctr("-n", space, "images", "ls"))
    // REF TYPE DIGEST SIZE UNIT PLATFORMS LABELS
    return Set(
      text.split(separator: "\n").dropFirst().map { line in
        let words = line.split(whereSeparator: \.isWhitespace)
        let labels = words.count > 6 && words[6] != "-" ? String(words[6]) : ""
        return "\(space) \(words[0]) \(words[2]) \(labels)"
      })
  }

  func collected() throws -> [Item] {
    try ContainerImageCollector().collect(from: Machine(root: tree.path))
  }

  static func line(_ item: Item) -> String {
    var name = item["Repository"] ?? ""
    if let tag = item["Tag"] { name += ":" + tag }
    if let digest = item["Digest"] { name += name.isEmpty ? digest : "@" + digest }
    return "\(item["Namespace"] ?? "") \(name) \(item["ImageId"] ?? "") \(item["Labels"] ?? "")"
  }
}

/// What containerd writes, and what damages of it lead to.
struct ContainerdTests {
  private static let database = "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"

  private func start() throws -> Containerd {
    guard let containerd = try Containerd() else {
      try Test.cancel("containerd is not there, or does not start as this user")
    }
    return containerd
  }

  @Test func `images are those that containerd lists, in every name space`() throws {
    let containerd = try start()
    let before = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    #expect(try containerd.collected() == [])
    try containerd.add("example.org/tiny:1.0", to: "default")
    try containerd.add("example.org:5000/deep/er:2", to: "k8s.io")
    try containerd.add("example.org/tiny:1.0", to: "k8s.io")
    _ = try #require(
      containerd.ctr(
        "-n", "k8s.io", "images", "label", "example.org/tiny:1.0", "team=blue", "a.b/c=d"))
    _ = try #require(
      containerd.ctr(
        "-n", "k8s.io", "images", "tag", "example.org/tiny:1.0",
        "example.org/tiny@sha256:\(String(repeating: "a", count: 64))"))
    let items = try containerd.collected()
    let listed = try containerd.listed("default").union(containerd.listed("k8s.io"))
    #expect(Set(items.map(Containerd.line)) == listed)
    #expect(items.count == 4 && listed.count == 4)
    #expect(items.contains { $0["Labels"] == "a.b/c=d,team=blue" })
    for item in items {
      let created = try #require(item["Created"].flatMap { Instant(captureTime: $0) })
      #expect(
        created.milliseconds >= before.milliseconds - 1000
          && created <= Instant(seconds: Int64(Date().timeIntervalSince1970) + 1))
    }
    _ = try #require(containerd.ctr("images", "rm", "--sync", "example.org/tiny:1.0"))
    #expect(try Set(containerd.collected().map(Containerd.line)) == containerd.listed("k8s.io"))
  }

  @Test func `hundreds of images are read while containerd writes others`() throws {
    let containerd = try start()
    try containerd.add("example.org/first:0", to: "default")
    // So many that there are branches, and pages are freed and used again.
    let tags = (1...300).map { "example.org/a-name-that-is-long-enough-to-fill-pages/tag:\($0)" }
    let socket = containerd.tree.path("c.sock")
    let done = Atomic<Bool>(false)
    let list = try containerd.tree.write("tags", tags.joined(separator: "\n") + "\n")
    Thread.detachNewThread {
      _ = output(
        of: "sh", "-c",
        "xargs -n 10 sh -c 'timeout 60 ctr -a \(socket) images tag example.org/first:0 \"$@\"; "
          + "sleep 0.1' sh <'\(list)'")
      done.store(true, ordering: .sequentiallyConsistent)
    }
    var counts: [Int] = []
    while !done.load(ordering: .sequentiallyConsistent) {
      let items = try containerd.collected()
      #expect(items.allSatisfy { $0["ImageId"] != nil && $0["Created"] != nil })
      counts.append(items.count)
    }
    #expect(counts == counts.sorted() && Set(counts).count > 3)
    #expect(try Set(containerd.collected().map(Containerd.line)) == containerd.listed("default"))
    #expect(try containerd.collected().count == 301)
    try damage(try Data(contentsOf: URL(fileURLWithPath: containerd.tree.path(Self.database))))
  }

  /// Reads a database that was cut, or of which bytes were changed.
  private func damage(_ whole: Data) throws {
    let tree = try TemporaryTree()
    var random = SplitMix64(seed: 11)
    var failures = 0
    for round in 0..<600 {
      var bytes = [UInt8](whole)
      if round % 3 == 0 {
        bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
      } else {
        for _ in 0..<(1 << (round % 12)) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          bytes[place] = .random(in: 0...255, using: &random)
        }
      }
      unlink(tree.path(Self.database))
      try tree.write(Self.database, bytes)
      do {
        #expect(try ContainerImageCollector().collect(from: tree.machine).count <= 301)
      } catch {
        failures += 1
        #expect("\(error)".contains("meta.db"))
      }
    }
    #expect(failures > 100)
  }
}
