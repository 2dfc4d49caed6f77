import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// Applications and runtimes that flatpak really installs, updates and removes in a folder of its own.
struct FlatpakTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func flatpak(_ words: String...) -> String? {
    let folder = tree.path("home")
    let environment = [
      "FLATPAK_SYSTEM_DIR='\(tree.path("root/var/lib/flatpak"))'", "HOME='\(folder)'",
      "XDG_DATA_HOME='\(folder)/data'", "XDG_CACHE_HOME='\(folder)/cache'",
      "FLATPAK_USER_DIR='\(folder)/user'", "PATH=/usr/bin:/bin",
    ]
    let command =
      environment.joined(separator: " ") + " timeout 60 flatpak "
      + words.map { "'\($0)'" }.joined(separator: " ")
    return output(of: "sh", "-c", command + " </dev/null 2>/dev/null")
  }

  /// Puts a version of an application into the repository, under a branch.
  private func offer(_ version: String, branch: String) throws {
    let folder = "build/\(branch)-\(version)"
    try tree.write(
      "\(folder)/metadata",
      """
      [Application]
      name=org.example.Tiny
      runtime=org.example.Platform/x86_64/1
      sdk=org.example.Platform/x86_64/1
      command=tiny

      """)
    try tree.write("\(folder)/files/version", version)
    try tree.write("\(folder)/export/.keep", "")
    _ = try #require(
      flatpak("build-export", "--arch=x86_64", tree.path("repo"), tree.path(folder), branch))
  }

  private func offerRuntime() throws -> Bool {
    try tree.write(
      "build/runtime/metadata",
      "[Runtime]\nname=org.example.Platform\nruntime=org.example.Platform/x86_64/1\n"
        + "sdk=org.example.Platform/x86_64/1\n")
    try tree.write("build/runtime/files/version", "1")
    try tree.write("build/runtime/usr/version", "1")
    let export = flatpak(
      "build-export", "--arch=x86_64", "--runtime", "--files=files", tree.path("repo"),
      tree.path("build/runtime"), "1")
    return export != nil
  }

  /// Name, commit, branch, architecture and reference, as flatpak lists them.
  private func listed() throws -> Set<String> {
    var lines: Set<String> = []
    for kind in ["app", "runtime"] {
      let text = try #require(
        flatpak("--system", "list", "--\(kind)", "--columns=application,active,branch,arch,ref"))
      for line in text.split(separator: "\n") {
        let words = line.split(separator: "\t").map(String.init)
        lines.insert(words[..<4].joined(separator: " ") + " \(kind)/\(words[4])")
      }
    }
    return lines
  }

  private func collected() throws -> Set<String> {
    let items = try ApplicationCollector().collect(from: Machine(root: tree.path("root")))
    #expect(items.allSatisfy { $0["ApplicationType"] == "flatpak" })
    let lines = items.map { item in
      ["Name", "Version", "Release", "Architecture", "PackageId"].map { item[$0] ?? "" }
        .joined(separator: " ")
    }
    #expect(Set(lines).count == items.count)
    return Set(lines)
  }

  @Test func `what flatpak installs, updates and removes is what it lists at each step`() throws {
    for folder in ["root/var/lib", "home/user", "home/data", "home/cache"] {
      try tree.write("\(folder)/.keep", "")
    }
    guard try offerRuntime() else {
      try Test.cancel("flatpak is not there, or cannot build here")
    }
    try offer("1", branch: "stable")
    guard
      flatpak(
        "--system", "remote-add", "--no-gpg-verify", "local", "file://" + tree.path("repo")) != nil,
      flatpak("--system", "install", "-y", "--noninteractive", "local", "org.example.Tiny") != nil
    else { try Test.cancel("flatpak cannot install for all users here") }
    let first = try collected()
    #expect(try first == listed())
    #expect(first.count == 2)
    try offer("2", branch: "stable")
    _ = try #require(flatpak("--system", "update", "-y", "--noninteractive"))
    let second = try collected()
    #expect(try second == listed())
    #expect(second.count == 2 && second.intersection(first).count == 1)
    try offer("3", branch: "beta")
    _ = try #require(
      flatpak("--system", "install", "-y", "--noninteractive", "local", "org.example.Tiny//beta"))
    #expect(try collected() == listed())
    #expect(try collected().count == 3)
    _ = try #require(
      flatpak("--system", "remove", "-y", "--noninteractive", "org.example.Tiny//stable"))
    #expect(try collected() == listed())
    #expect(try collected().count == 2)
    _ = try #require(flatpak("--system", "remove", "-y", "--noninteractive", "--all"))
    #expect(try collected().isEmpty && listed().isEmpty)
  }
}
