import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// Updates from constructed metadata of repositories.
struct RPMUpdatesTests {
  private let tree: TemporaryTree

  init() throws {
    tree = try TemporaryTree()
    try tree.write("etc/yum.repos.d/all.repo", "[base]\nenabled=1\n[off]\nenabled = 0\n")
  }

  private func item(
    _ name: String, _ version: String, _ release: String = "1", _ architecture: String = "x86_64",
    installed: String = "2026-01-01T00:00:00Z"
  ) -> Item {
    [
      "Name": name, "Version": version, "Release": release, "Architecture": architecture,
      "InstalledTime": installed,
    ]
  }

  private func package(
    _ name: String, _ version: String, _ release: String = "1", _ architecture: String = "x86_64",
    epoch: String = "0"
  ) -> String {
    """
    <package type="rpm"><name>\(name)</name><arch>\(architecture)</arch>
    <version epoch="\(epoch)" ver="\(version)" rel="\(release)"/><summary>a &amp; b</summary>
    <format><rpm:provides><rpm:entry name="\(name)" ver="99"/></rpm:provides>
    <name>other</name></format></package>
    """
  }

  private func list(_ packages: [String]) -> String {
    "<?xml version=\"1.0\"?>\n<metadata packages=\"1\">\n" + packages.joined() + "</metadata>"
  }

  private func index(_ locations: [String: String]) -> String {
    "<repomd>"
      + locations.map { "<data type=\"\($0)\"><location href=\"\($1)\"/></data>" }.joined()
      + "</repomd>"
  }

  private func repository(
    _ packages: [String], in folder: String = "var/cache/dnf/base-0123456789abcdef",
    advisories: String? = nil
  ) throws {
    var locations = ["primary": "repodata/p.xml"]
    if advisories != nil { locations["updateinfo"] = "repodata/u.xml" }
    try tree.write(folder + "/repodata/repomd.xml", index(locations))
    try tree.write(folder + "/repodata/p.xml", list(packages))
    if let advisories { try tree.write(folder + "/repodata/u.xml", advisories) }
    for name in ["repomd", "p"] {
      try tree.setModified(folder + "/repodata/\(name).xml", 1_767_225_600)
    }
  }

  private func pending(_ items: [Item]) throws -> PendingUpdates {
    try .ofRPM(items, on: Machine(root: tree.path))
  }

  private func titles(_ items: [Item]) throws -> [String] {
    try pending(items).updates.map(\.title)
  }

  @Test func `updates are what is newer than the newest that is installed`() throws {
    try repository([
      package("bash", "5.2"), package("bash", "5.3~rc"), package("bash", "5.1"),
      package("bash", "9", "1", "aarch64"), package("same", "1"), package("older", "0.9"),
      package("epoch", "0.1", epoch: "1"), package("kernel", "6", "2"), package("new", "1"),
      package("moved", "2"), package("merged", "2", "1", "noarch"),
      package("two", "2", "1", "i686"),
    ])
    try repository([package("bash", "99")], in: "var/cache/dnf/off-0123456789abcdef")
    try repository([package("bash", "98")], in: "var/cache/dnf/base-more-0123456789abcdef")
    let items = [
      item("bash", "5.1"), item("same", "1"), item("older", "1"), item("epoch", "7"),
      item("kernel", "6", "1"), item("kernel", "5"), item("moved", "1", "1", "noarch"),
      item("merged", "1"), item("two", "1"), item("two", "1", "1", "i686"),
    ]
    let found = try pending(items)
    #expect(
      found.updates.map(\.title) == [
        "bash 5.3~rc-1 (installed 5.1-1)", "epoch 1:0.1-1 (installed 7-1)",
        "kernel 6-2 (installed 6-1)", "merged 2-1 (installed 1-1)", "moved 2-1 (installed 1-1)",
        "two 2-1 (installed 1-1)",
      ])
    #expect(
      found.updates.map(\.name) == [
        "bash.x86_64", "epoch.x86_64", "kernel.x86_64", "merged.noarch", "moved.x86_64",
        "two.i686",
      ])
    #expect(found.installedCount == 4 && found.fetchedSeconds == 1_767_225_600)
    #expect(found.updates.allSatisfy { $0.classification == "Updates" && !$0.isHeld })
    #expect(found.needsRestart == nil && found.warnings.isEmpty)
  }

  @Test func `the repository with the lowest number decides, of several folders the newest`() throws
  {
    try tree.write(
      "etc/yum.repos.d/all.repo",
      "[base]\n# enabled=0\nname=a\n\n[first]\nenabled=yes\npriority = 10\nbaseurl=x\n  enabled=0\n"
    )
    try repository([package("bash", "5.9"), package("zsh", "2")])
    try repository([package("bash", "5.2")], in: "var/cache/dnf/first-00000000000000ab")
    try repository([package("bash", "5.8")], in: "var/cache/dnf/first-00000000000000cd")
    try tree.setModified("var/cache/dnf/first-00000000000000ab/repodata/p.xml", 1_767_225_700)
    #expect(
      try titles([item("bash", "5.1"), item("zsh", "1")]) == [
        "bash 5.2-1 (installed 5.1-1)", "zsh 2-1 (installed 1-1)",
      ])
    #expect(try titles([item("bash", "5.3")]) == [])
  }

  @Test func `yum's folders lie by architecture and release`() throws {
    try tree.write("var/cache/yum/x86_64/7/base/repomd.xml", index(["primary": "repodata/p.xml"]))
    try tree.write("var/cache/yum/x86_64/7/base/p.xml", list([package("bash", "5.2")]))
    #expect(try titles([item("bash", "5.1")]) == ["bash 5.2-1 (installed 5.1-1)"])
  }

  @Test(.enabled(if: isProgram("python3"), "python3 makes the database"))
  func `yum's database is read where it has no document`() throws {
    let folder = "var/cache/yum/x86_64/2/base"
    try tree.write(folder + "/repomd.xml", index(["primary": "repodata/p.xml"]))
    try tree.write(folder + "/gen/updateinfo.xml", "<updates/>")
    func make(_ statements: String) throws {
      let path = tree.path(folder + "/gen/primary_db.sqlite")
      try? FileManager.default.removeItem(atPath: path)
      let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])"
      try #require(output(of: "python3", "-c", script, path, statements) != nil)
    }
    let table =
      "CREATE TABLE packages (name TEXT, arch TEXT, version TEXT, epoch TEXT, release TEXT);"
    try make(
      table + "INSERT INTO packages VALUES ('bash', 'x86_64', '5.2', '0', '1'),"
        + " ('bash', 'x86_64', '5.10', '0', '1'), ('zsh', 'x86_64', '9', NULL, '1');")
    #expect(try titles([item("bash", "5.1")]) == ["bash 5.10-1 (installed 5.1-1)"])
    try make("CREATE TABLE other (name TEXT);")
    let error = #expect(throws: CollectorError.self) { try pending([]) }
    #expect(
      error?.message.hasSuffix("primary_db.sqlite is no list of packages of a repository") == true)
    try tree.write(folder + "/gen/primary_db.sqlite", "x")
    #expect(throws: CollectorError.self) { try pending([]) }
  }

  @Test func `packages of modules have updates of modules only, and others none of them`() throws {
    try repository([
      package("node", "22", "1.module+el9"), package("node", "16", "9"),
      package("php", "8.2", "2.module+el9"), package("php", "9", "1"),
    ])
    #expect(
      try titles([item("node", "16", "1"), item("php", "8.2", "1.module_el9")]) == [
        "node 16-9 (installed 16-1)", "php 8.2-2.module+el9 (installed 8.2-1.module_el9)",
      ])
  }

  @Test func `advisories between both versions say what kind an update is`() throws {
    func advisory(
      _ id: String, _ kind: String, _ severity: String, _ version: String, cve: [String] = []
    ) -> String {
      """
      <update from="x" type="\(kind)"><id>\(id)</id><title>about \(id)</title>
      <severity>\(severity)</severity><description>\(String(repeating: "x", count: 2_000_000))
      </description><references>
      \(cve.map { "<reference id='\($0)' type='cve' title='x'/><reference id='1' type='bugzilla'/>" }.joined())
      </references><pkglist><collection><name>c</name>
      <package name="bash" version="\(version)" release="1" epoch="0" arch="x86_64"/>
      <package name="bash" version="\(version)" release="1" epoch="0" arch="aarch64"/>
      </collection></pkglist></update>
      """
    }
    try repository(
      [package("bash", "5.5"), package("zsh", "2")],
      advisories: "<updates>" + advisory("A-0", "security", "Critical", "5.1", cve: ["CVE-0"])
        + advisory("A-1", "bugfix", "None", "5.5")
        + advisory("A-2", "security", "medium", "5.2", cve: ["CVE-2", "CVE-1"])
        + advisory("A-3", "security", "Important", "5.3", cve: ["CVE-1", "CVE-3"])
        + advisory("A-4", "security", "Critical", "5.6", cve: ["CVE-4"]) + "</updates>")
    let found = try pending([item("bash", "5.1"), item("zsh", "1")])
    let bash = try #require(found.updates.first)
    #expect(bash.classification == "Security" && bash.severity == "Important")
    #expect(bash.cveIDs == ["CVE-1", "CVE-2", "CVE-3"])
    #expect(bash.advisoryIDs == ["A-1", "A-2", "A-3"])
    #expect(bash.title == "bash 5.5-1 (installed 5.1-1): about A-3")
    #expect(found.updates[1].classification == "Updates" && found.updates[1].cveIDs.isEmpty)
    // Some repositories write their words small, and have others than Red Hat.
    #expect(try pending([item("bash", "5.3")]).updates.first?.severity == "Unspecified")
    try repository(
      [package("bash", "5.2")],
      advisories: "<updates>" + advisory("A-2", "security", "medium", "5.2") + "</updates>")
    #expect(try pending([item("bash", "5.1")]).updates.first?.severity == "Medium")
  }

  // MARK: Restart

  private func running(_ release: String) throws {
    try tree.write("proc/sys/kernel/osrelease", release + "\n")
    try tree.write("proc/stat", "cpu 1 2\nbtime 1767225600\n")
    try tree.write("proc/1/comm", "init")
    try tree.setModified("proc/1", 1_767_225_600)
  }

  @Test(arguments: [
    ("6-1.x86_64", ["kernel-core.x86_64", "kernel.x86_64"]), ("6-2.x86_64", []),
    ("6-2.x86_64+debug", []),
    ("5.14-1.x86_64", ["kernel-core.x86_64", "kernel-rt.x86_64", "kernel.x86_64"]),
    ("6-7.rt.x86_64", ["kernel-rt.x86_64"]), ("7-0.x86_64", ["kernel-rt.x86_64"]),
    ("nonsense", []),
  ])
  func `a newer kernel than the one that runs waits`(release: String, waiting: [String]) throws {
    try repository([])
    try running(release)
    let names = ["kernel", "kernel-core", "kernel-headers", "kernel-tools"]
    var items = names.flatMap { [item($0, "6", "1"), item($0, "6", "2")] }
    // Another kind counts only where it runs, or nothing of what runs is installed.
    items += [item("kernel-rt", "6", "7.rt"), item("kernel-rt", "8", "1.rt")]
    let found = try pending(items)
    #expect(found.waiting.map(\.name) == waiting)
    #expect(found.needsRestart == !found.waiting.isEmpty)
  }

  @Test func `what everything has loaded waits when it is younger than the machine's start`() throws
  {
    try repository([])
    try running("6-1.x86_64")
    let items = [
      item("glibc", "2", installed: "2026-01-01T00:00:01Z"),
      item("systemd", "2", installed: "2026-01-01T00:00:00Z"),
      item("bash", "2", installed: "2026-02-01T00:00:00Z"),
    ]
    #expect(try pending(items).waiting.map(\.name) == ["glibc.x86_64"])
    // A container starts later than its machine.
    try tree.setModified("proc/1", 1_767_225_700)
    #expect(try pending(items).needsRestart == false)
  }

  // MARK: Hostile

  @Test func `a machine without metadata says so, one of several repositories is a warning`() throws
  {
    let error = #expect(throws: CollectorError.self) { try pending([]) }
    #expect(error?.message.contains("run \"dnf makecache\" once") == true)
    try repository([package("bash", "2")])
    try tree.write("etc/yum.repos.d/more.repo", "[more]\n")
    let found = try pending([item("bash", "1")])
    #expect(found.updates.count == 1)
    #expect(found.warnings == ["the repository more is switched on and has no list of packages"])
  }

  @Test(arguments: [
    "../x.xml", "repodata/../../x.xml", "/etc/passwd", "repodata/..", "repodata/", "", "p.xml",
    "repodata/a/b", "http://x/y",
  ])
  func `an index that names a file outside of its folder is refused`(location: String) throws {
    try repository([])
    let path = "var/cache/dnf/base-0123456789abcdef/repodata/repomd.xml"
    try tree.write(path, index(["primary": location]))
    let error = #expect(throws: CollectorError.self) { try pending([]) }
    #expect(error?.message.contains("/\(path) names a file outside of it: \(location)") == true)
  }

  @Test func `what is cut, damaged or something else is an error that names the file`() throws {
    let folder = "var/cache/dnf/base-0123456789abcdef/repodata"
    let whole = list([package("bash", "2")])
    let advisories = "<updates><update><id>ü</id></update></updates>"
    try repository([package("bash", "2")], advisories: advisories)
    #expect(try titles([item("bash", "1")]).count == 1)
    let others: [[UInt8]] = [
      [], Array("<html><body>404</body></html>".utf8), Array(advisories.utf8),
      Array(whole.utf8.prefix(whole.utf8.count - 5)),
      Array(whole.utf8.prefix(whole.utf8.count / 2)),
      Array("<metadata>".utf8) + [0xff, 0xfe] + Array("</metadata>".utf8),
      Array("<!DOCTYPE m [<!ENTITY x SYSTEM '/etc/passwd'>]><metadata>&x;</metadata>".utf8),
      [0x1f, 0x8b, 8, 0, 0],
    ]
    for bytes in others {
      try tree.write(folder + "/p.xml", bytes)
      let error = #expect(throws: CollectorError.self) { try pending([item("bash", "1")]) }
      #expect(error?.message.contains("/\(folder)/p.xml") == true)
    }
    try repository([package("bash", "2")], advisories: String(advisories.dropLast(3)))
    let error = #expect(throws: CollectorError.self) { try pending([item("bash", "1")]) }
    #expect(error?.message.contains("/\(folder)/u.xml line 1: ") == true)
    try tree.write(folder + "/u.xml", advisories)
    try FileManager.default.removeItem(atPath: tree.path(folder + "/p.xml"))
    #expect(mkfifo(tree.path(folder + "/p.xml"), 0o600) == 0)
    #expect(throws: CollectorError.self) { try pending([item("bash", "1")]) }
  }
}
