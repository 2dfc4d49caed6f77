package import Collectors
import Foundation

/// A machine of rpm below a folder: packages that rpmbuild makes, repositories that createrepo_c
/// makes of them, and dnf, which installs them for real.
package final class RPMMachine: Sendable {
  private static let programs = ["rpm", "rpmbuild", "createrepo_c", "modifyrepo_c", "dnf"]

  /// Why there can be none here; nil where there can.
  package static let obstacle: String? = {
    let missing = programs.filter { !isProgram($0) }
    return missing.isEmpty ? nil : "missing: \(missing.joined(separator: ", "))"
  }()

  /// Whether tests can have one.
  package static var isPossible: Bool { obstacle == nil }

  private let tree: TemporaryTree

  /// Makes a machine without packages.
  package init() throws {
    tree = try TemporaryTree()
    // A build of rpm for Debian keeps its database in the home.
    try tree.write("home/.rpmmacros", "%_dbpath /var/lib/rpm\n")
    try tree.write("root/etc/dnf/dnf.conf", "[main]\ngpgcheck=0\n")
    try tree.write("root/var/lib/rpm/.keep", "")
  }

  /// The root of the machine.
  package var root: String { tree.path("root") }

  /// The machine, of which nothing was read yet.
  package var machine: Machine { Machine(root: root) }

  /// A path on the machine.
  package func path(_ name: String) -> String { root + "/" + name }

  /// Writes a file of the machine.
  package func write(_ name: String, _ text: String) throws { try tree.write("root/" + name, text) }

  /// The metadata of a repository that dnf fetched: the only file of its folder with such an end.
  package func metadata(_ end: String) throws -> String {
    let cache = path("var/cache/dnf")
    let names = try FileManager.default.subpathsOfDirectory(atPath: cache)
    guard let name = names.first(where: { $0.hasSuffix(end) }) else {
      throw CollectorError("dnf has fetched no \(end)")
    }
    return cache + "/" + name
  }

  /// Runs a program and gives what it prints; nil where it fails with a status that is not among those
  /// allowed.
  private func run(_ words: [String], allowing status: Int = 0) -> String? {
    let command = words.map { "'\($0)'" }.joined(separator: " ")
    return output(
      of: "sh", "-c",
      "HOME='\(tree.path("home"))' timeout 120 \(command) </dev/null 2>'\(tree.path("errors"))'"
        + " || [ $? = \(status) ]")
  }

  private func must(_ words: [String], allowing status: Int = 0) throws -> String {
    guard let text = run(words, allowing: status) else {
      let errors = (try? String(contentsOfFile: tree.path("errors"), encoding: .utf8)) ?? ""
      throw CollectorError("\(words.joined(separator: " ")) failed: \(errors)")
    }
    return text
  }

  /// Builds a package for a repository; `more` are further lines of its head.
  package func build(
    _ name: String, _ version: String, _ release: String = "1", epoch: Int? = nil,
    architecture: String = "noarch", for repository: String = "base", more: String = ""
  ) throws {
    let spec = try tree.write(
      "\(name).spec",
      """
      Name: \(name)
      Version: \(version)
      Release: \(release)
      \(epoch.map { "Epoch: \($0)" } ?? "")
      Summary: the package \(name)
      License: MIT
      \(architecture == "noarch" ? "BuildArch: noarch" : "")
      \(more)
      %description
      x
      %files
      """)
    _ = try must([
      "rpmbuild", "-bb", "--target", architecture, "--define", "_topdir \(tree.path("build"))",
      // It looks for what a package needs to be built, and must not make a database of this machine.
      "--define", "_dbpath \(tree.path("build/db"))",
      "--define", "_rpmdir \(tree.path(repository))", spec,
    ])
  }

  /// Makes the metadata of a repository and switches it on.
  package func publish(
    _ repository: String = "base", options: String = "", compression: String = "gz",
    advisories: String? = nil
  ) throws {
    let folder = tree.path(repository)
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true)
    _ = try must([
      "createrepo_c", "-q", "--no-database", "--general-compress-type=\(compression)", folder,
    ])
    if let advisories {
      let path = try tree.write("updateinfo.xml", advisories)
      _ = try must([
        "modifyrepo_c", "--compress-type=\(compression)", path, folder + "/repodata",
      ])
    }
    try write(
      "etc/yum.repos.d/\(repository).repo",
      """
      [\(repository)]
      name=\(repository)
      baseurl=file://\(folder)
      gpgcheck=0
      \(options)

      """)
  }

  /// Runs dnf on the machine; throws where it fails.
  @discardableResult
  package func dnf(_ arguments: String...) throws -> String { try dnf(arguments) }

  /// Runs dnf on the machine; throws where it fails.
  @discardableResult
  package func dnf(_ arguments: [String]) throws -> String {
    // "check-update" ends with 100 where there are updates.
    try must(["dnf", "--installroot=\(root)", "--releasever=9", "-y"] + arguments, allowing: 100)
  }

  /// What rpm says is installed, a line for each package.
  package func query(_ format: String) throws -> [String] {
    try must(["rpm", "--root", root, "--dbpath", "/var/lib/rpm", "-qa", "--qf", format + "\\n"])
      .split(separator: "\n").map(String.init).sorted()
  }
}

/// Whether a program is installed.
package func isProgram(_ name: String) -> Bool {
  ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"].contains {
    FileManager.default.isExecutableFile(atPath: $0 + name)
  }
}
