import CollectionSupport
import Foundation
import Packages
import Glibc
import Inventory
import Testing

@testable import Collectors

/// Packages of every kind, files and patches: constructed ones, and those of this machine.
struct SoftwareCollectorTests {
  private let tree: TemporaryTree
  private let live = Machine()

  init() throws { tree = try TemporaryTree() }

  private func names(_ items: [Item]) -> [String] { items.map { $0["Name"] ?? "" } }

  private func stanza(_ name: String, _ version: String, _ more: String = "") -> String {
    "Package: \(name)\nStatus: install ok installed\nVersion: \(version)\nArchitecture: amd64\n\(more)\n"
  }

  // MARK: Versions

  @Test func `versions are ordered as dpkg orders them`() throws {
    let texts = [
      "1.0", "1.0~rc1", "1.0-1", "1.0-1~bpo", "1:0.1", "0:1.0", "1.0+b1", "1.0a", "1.0.0", "10",
      "9",
      "1.0-0", "1.00", "1.0-1.1", "1~~", "1~~a", "1~", "1", "2.0-1+deb12u1", "2.0-1", "001.0",
      "1.2.3-4-5", "3.0.11-1~deb12u2", "3.0.9-1",
    ]
    // One process asks dpkg for all pairs.
    let pairs = texts.flatMap { a in texts.map { (a, $0) } }
    let words = pairs.map { "\($0) \($1)" }.joined(separator: "\n")
    try tree.write("pairs", words + "\n")
    let script =
      "while read a b; do dpkg --compare-versions $a lt $b && echo 1 || echo 0; done <\(tree.path("pairs"))"
    guard let text = output(of: "sh", "-c", script) else { return }
    let answers = text.split(separator: "\n")
    #expect(answers.count == pairs.count)
    for ((a, b), answer) in zip(pairs, answers) {
      #expect((DebianVersion(a) < DebianVersion(b)) == (answer == "1"), "\(a) < \(b)")
    }
  }

  // MARK: Patches

  private func lists(_ suite: String, _ release: String, _ packages: String) throws {
    let base = "var/lib/apt/lists/deb.example_debian_dists_\(suite)"
    try tree.write(base + "_InRelease", "-----BEGIN\n\n" + release + "\nSHA256:\n x\n")
    try tree.write(base + "_main_binary-amd64_Packages", packages)
    try tree.setModified(
      "var/lib/apt/lists/deb.example_debian_dists_\(suite)_main_binary-amd64_Packages",
      1_767_225_600)
  }

  @Test func `updates are what apt's lists have newer`() throws {
    try tree.write(
      "var/lib/dpkg/status",
      stanza("openssl", "3.0.1-1") + stanza("bash", "5.2-1") + stanza("old", "1")
        + stanza("kept", "1").replacingOccurrences(of: "install ok", with: "hold ok"))
    func available(_ name: String, _ version: String, _ architecture: String = "amd64") -> String {
      "Package: \(name)\nArchitecture: \(architecture)\nVersion: \(version)\nDescription: x\n y\n\n"
    }
    try lists(
      "stable", "Suite: stable",
      available("openssl", "3.0.2-1") + available("openssl", "3.0.0-1") + available("bash", "5.2-1")
        + available("kept", "2") + available("other", "9") + available("old", "2", "arm64"))
    try lists("stable-security", "Suite: stable-security", available("openssl", "3.0.10-1"))
    try lists("experimental", "NotAutomatic: yes", available("bash", "9"))
    try tree.write("run/reboot-required", "")
    try tree.write("run/reboot-required.pkgs", "bash\nbash\n")
    let items = try PatchComplianceCollector().collect(from: tree.machine)
    #expect(items.map { $0["KBId"] } == ["kept.amd64", "openssl.amd64", "bash.amd64"])
    #expect(
      items.map { $0["State"] } == ["InstalledRejected", "Missing", "InstalledPendingReboot"])
    #expect(items.map { $0["Classification"] } == ["Updates", "Security", "Updates"])
    #expect(items[1]["Title"] == "openssl 3.0.10-1 (installed 3.0.1-1)")
    let summary = try #require(try PatchSummaryCollector().collect(from: tree.machine).first)
    #expect(summary["MissingCount"] == "1")
    #expect(summary["SecurityNonCompliantCount"] == "1")
    #expect(summary["InstalledRejectedCount"] == "1")
    #expect(summary["RebootRequired"] == "true")
    #expect(summary["OperationEndTime"] == "2026-01-01T00:00:00Z")
  }

  @Test func `updates of this machine are those of apt`() async throws {
    guard let text = output(of: "apt", "list", "--upgradable") else { return }
    let expected = text.split(separator: "\n").compactMap { line -> String? in
      guard line.contains("[upgradable"), let slash = line.firstIndex(of: "/") else { return nil }
      let words = line.split(separator: " ")
      return "\(line[..<slash]).\(words[2]) \(words[1])"
    }
    let machine = live
    let items = try? await onOwnThread {
      Result { try PatchComplianceCollector().collect(from: machine) }
    }.get()
    guard let items else { return #expect(expected.isEmpty) }
    let found = items.filter { $0["State"] != "InstalledPendingReboot" }.map { item in
      "\(item["KBId"] ?? "") \((item["Title"] ?? "").split(separator: " ")[1])"
    }
    #expect(found.sorted() == expected.sorted())
  }

  // MARK: Package managers

  @Test func `rpm's packages are told as the agent tells them`() {
    let line = [
      "bash", "5.1.8", "9.el9", "(none)", "x86_64", "Red Hat, Inc.", "Unspecified",
      "https://www.gnu.org/software/bash", "bash-5.1.8-9.el9.src.rpm", "1700000000",
      "The GNU shell",
    ].joined(separator: "\t")
    let item = RPMPackages.item(line)
    #expect(item?["Name"] == "bash")
    #expect(item?["Epoch"] == nil)
    #expect(item?["InstalledTime"] == "2023-11-14T22:13:20Z")
    #expect(item?["PackageId"] == "bash-5.1.8-9.el9.src.rpm")
    #expect(RPMPackages.item("gpg-pubkey\t1\t2\t(none)\t(none)\tv\tg\tu\ts\t1\tx") == nil)
    #expect(RPMPackages.item("rubbish") == nil)
  }

  @Test func `a real package of rpm is found in a root of its own`() async throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/rpmbuild") else { return }
    try tree.write(
      "tiny.spec",
      """
      Name: tiny
      Version: 1.2
      Release: 3
      Summary: a tiny "package"
      License: MIT
      BuildArch: noarch
      %description
      x
      %files
      """)
    let top = tree.path("build")
    guard
      output(of: "rpmbuild", "-bb", "--define", "_topdir \(top)", tree.path("tiny.spec")) != nil,
      let files = try? FileManager.default.contentsOfDirectory(atPath: top + "/RPMS/noarch"),
      let package = files.first
    else {
      Issue.record("rpmbuild failed")
      return
    }
    let root = tree.path("root")
    try tree.write("root/etc/keep", "")
    try #require(
      output(
        of: "rpm", "--root", root, "-i", "--nodeps", "--nosignature", "--dbpath", "/var/lib/rpm",
        "\(top)/RPMS/noarch/\(package)") != nil)
    let items = try await onOwnThread {
      Result { try ApplicationCollector().collect(from: Machine(root: root)) }
    }.get()
    #expect(names(items) == ["tiny"])
    #expect(items.first?["Version"] == "1.2")
    #expect(items.first?["Release"] == "3")
    #expect(items.first?["Architecture"] == "noarch")
  }

  @Test func `snaps and flatpaks stand beside dpkg's packages`() throws {
    try tree.write("var/lib/dpkg/status", stanza("bash", "5"))
    try tree.write(
      "var/lib/snapd/state.json",
      #"{"data":{"snaps":{"lxd":{"active":true,"current":"24322"},"off":{"active":false,"current":"1"}}}}"#
    )
    try tree.write("snap/lxd/24322/meta/snap.yaml", "name: lxd\nversion: '5.0.2'\nsummary: LXD\n")
    try tree.write("var/lib/flatpak/repo/config", "")
    let branch = "var/lib/flatpak/app/org.example.App/x86_64/stable"
    try tree.write(branch + "/abcdef0123456789/metadata", "")
    try FileManager.default.createSymbolicLink(
      atPath: tree.path(branch + "/active"), withDestinationPath: "abcdef0123456789")
    let items = try ApplicationCollector().collect(from: tree.machine)
    #expect(names(items) == ["bash", "lxd", "org.example.App"])
    #expect(items.map { $0["Version"] } == ["5", "5.0.2", "abcdef012345"])
    try tree.write("var/lib/snapd/state.json", "{")
    #expect(throws: CollectorError.self) { try ApplicationCollector().collect(from: tree.machine) }
  }

  @Test func `packages that are not plainly installed have a type of their own`() throws {
    func package(_ name: String, _ status: String) -> String {
      "Package: \(name)\nStatus: \(status)\nVersion: 1\nArchitecture: amd64\n\n"
    }
    try tree.write(
      "var/lib/dpkg/status",
      package("plain", "install ok installed") + package("held", "hold ok installed")
        + package("half", "install reinstreq half-installed")
        + package("left", "deinstall ok config-files") + package("gone", "purge ok not-installed"))
    let items = try PackageStateCollector().collect(from: tree.machine)
    #expect(names(items) == ["held", "half", "left"])
    #expect(items.map { $0["State"] } == ["installed", "half-installed", "config-files"])
    #expect(names(try ApplicationCollector().collect(from: tree.machine)) == ["plain", "held"])
  }

  @Test func `components of AWS are picked from the packages`() throws {
    try tree.write(
      "var/lib/dpkg/status", stanza("amazon-ssm-agent", "3.3") + stanza("bash", "5"))
    #expect(names(try AWSComponentCollector().collect(from: tree.machine)) == ["amazon-ssm-agent"])
  }

  // MARK: Languages

  @Test func `packages of languages are found wherever they lie`() throws {
    try tree.write(
      "usr/lib/python3/dist-packages/six-1.16.0.egg-info", "Name: six\nVersion: 1.16.0\n\nText\n")
    try tree.write(
      "home/ann/venv/lib/python3.11/site-packages/Foo-2.dist-info/METADATA",
      "Metadata-Version: 2.1\nname: Foo\nVersion: 2\nSummary: A foo\r\n\nName: not this\n")
    try tree.write(
      "home/ann/venv/lib/python3.11/site-packages/Foo-2.dist-info/INSTALLER", "pip\n")
    try tree.write("opt/app/broken-1.dist-info/METADATA", "Name: broken\n")
    let python = try PythonPackageCollector().collect(from: tree.machine)
    #expect(names(python) == ["Foo", "six"])
    #expect(python.first?["Python"] == "3.11")
    #expect(python.first?["Path"] == "/home/ann/venv/lib/python3.11/site-packages")
    try tree.write("opt/a/node_modules/left/package.json", #"{"name":"left","version":"1.0.0"}"#)
    try tree.write("opt/a/node_modules/@s/p/package.json", #"{"name":"@s/p","version":"2.0.0"}"#)
    try tree.write("opt/a/node_modules/left/test/package.json", #"{"name":"x","version":"0"}"#)
    try tree.write("opt/a/node_modules/huge/package.json", [UInt8](repeating: 0x20, count: 2 << 20))
    try tree.write(
      "var/lib/gems/3.1.0/specifications/rake-13.0.6.gemspec",
      "# -*- encoding: utf-8 -*-\n# stub: rake 13.0.6 ruby lib\n")
    try tree.write("var/lib/gems/3.1.0/specifications/default/json-2.6.gemspec", "Gem::X\n")
    // Made before the walk was cached in the first machine.
    let machine = tree.machine
    #expect(names(try NodePackageCollector().collect(from: machine)) == ["@s/p", "left"])
    #expect(machine.notes.all.count == 1)
    let gems = try RubyGemCollector().collect(from: machine)
    #expect(
      gems.map { "\($0["Name"] ?? "") \($0["Version"] ?? "")" } == ["json 2.6", "rake 13.0.6"])
  }

  @Test func `a walk ends in a loop of links, and opens no pipe`() throws {
    try tree.write("opt/a/b/file", "")
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("opt/a/b/loop"), withDestinationPath: "../..")
    #expect(mkfifo(tree.path("opt/a/package.json"), 0o600) == 0)
    var walk = FileWalk()
    var paths: [String] = []
    walk.run("opt", on: tree.machine) { path, _, _ in
      paths.append(path)
      return true
    }
    #expect(
      paths.sorted() == ["opt/a", "opt/a/b", "opt/a/b/file", "opt/a/b/loop", "opt/a/package.json"])
    walk = FileWalk()
    walk.limits.directoriesMax = 2
    walk.run("opt", on: tree.machine) { _, _, _ in true }
    #expect(walk.wasCut)
  }

  @Test func `packages of this machine's Python are those of pip`() throws {
    guard
      let text = output(
        of: "python3", "-c",
        "import importlib.metadata as m, json; print(json.dumps([[d.metadata['Name'], d.version, str(d._path.parent)] for d in m.distributions()]))"
      ), let list = try? JSONDecoder().decode([[String]].self, from: Data(text.utf8))
    else { return }
    let found = Set(
      try PythonPackageCollector().collect(from: live).map {
        "\($0["Name"] ?? "") \($0["Version"] ?? "") \($0["Path"] ?? "")"
      })
    #expect(found.isSuperset(of: list.map { "\($0[0]) \($0[1]) \($0[2])" }))
  }

  @Test func `images are those that Docker and Podman wrote down`() throws {
    try tree.write(
      "var/lib/docker/image/overlay2/repositories.json",
      #"{"Repositories":{"nginx":{"nginx:1.25":"sha256:aa","reg:5000/nginx@sha256:bb":"sha256:aa"}}}"#
    )
    try tree.write(
      "var/lib/docker/image/overlay2/imagedb/content/sha256/aa",
      #"{"created":"2026-01-01T00:00:00Z"}"#)
    try tree.write(
      "var/lib/containers/storage/overlay-images/images.json",
      #"[{"id":"cc","names":["quay.io/x:latest"],"created":"2026-02-01T00:00:00Z"},{"id":"dd"}]"#)
    let items = try ContainerImageCollector().collect(from: tree.machine)
    #expect(items.map { $0["Repository"] } == ["nginx", "quay.io/x", "reg:5000/nginx"])
    #expect(items.map { $0["Tag"] } == ["1.25", "latest", nil])
    #expect(items.first?["Created"] == "2026-01-01T00:00:00Z")
    try tree.write("var/lib/docker/image/overlay2/repositories.json", "{")
    #expect(throws: CollectorError.self) {
      try ContainerImageCollector().collect(from: tree.machine)
    }
  }

  // MARK: Files

  @Test func `files match the agent's rules`() throws {
    try tree.write("etc/a.conf", "hello\n")
    try tree.write("etc/sub/b.conf", "x")
    try tree.write("etc/sub/c.txt", "x")
    #expect(mkfifo(tree.path("etc/pipe.conf"), 0o600) == 0)
    try tree.setModified("etc/a.conf", 1_767_225_600)
    let rules = try FileRule.rules(
      json: #"[{"Path":"/etc/","Pattern":["*.conf"],"Recursive":"false"},"#
        + #"{"Path":"/etc","Pattern":["a.*","[bc].*"],"Recursive":true,"DirScanLimit":10}]"#)
    var collector = FileCollector(rules: rules)
    collector.hasDigests = true
    let items = try collector.collect(from: tree.machine)
    #expect(
      items.map { "\($0["InstalledDir"] ?? "")/\($0["Name"] ?? "")" } == [
        "/etc/a.conf", "/etc/pipe.conf", "/etc/sub/b.conf", "/etc/sub/c.txt",
      ])
    #expect(items[0]["Size"] == "6")
    #expect(items[0]["ModificationTime"] == "2026-01-01T00:00:00Z")
    #expect(
      items[0]["SHA256"] == "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
    #expect(items[1]["SHA256"] == nil)
    #expect(items[1]["Description"] == "special file")
    collector.filesMax = 1
    let machine = tree.machine
    #expect(try collector.collect(from: machine).count == 1)
    #expect(machine.notes.all == ["3 files are left out: 1 is the most"])
  }

  @Test(arguments: [
    "", "{}", #"[{"Pattern":["*"]}]"#, #"[{"Path":"/etc"}]"#, #"[{"Path":"/e","Pattern":[]}]"#,
    #"[{"Path":"/e","Pattern":["*"],"Nonsense":1}]"#,
    #"[{"Path":"/e","Pattern":["*"],"DirScanLimit":0}]"#,
  ])
  func `rules that are none are refused`(json: String) {
    #expect(throws: CollectorError.self) { try FileRule.rules(json: json) }
  }

  @Test func `a path may name variables`() throws {
    try tree.write("etc/a.conf", "")
    setenv("STOCKTAKE_TEST_FOLDER", "/etc", 1)
    defer { unsetenv("STOCKTAKE_TEST_FOLDER") }
    for path in ["$STOCKTAKE_TEST_FOLDER", "${STOCKTAKE_TEST_FOLDER}/"] {
      let rule = FileRule(path: path, patterns: ["*"])
      #expect(names(try FileCollector(rules: [rule]).collect(from: tree.machine)) == ["a.conf"])
    }
    let rule = FileRule(path: "$NO_SUCH_VARIABLE/x", patterns: ["*"])
    #expect(throws: CollectorError.self) {
      try FileCollector(rules: [rule]).collect(from: tree.machine)
    }
  }

  @Test func `a large status file is read, whatever its bytes`() throws {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 << 20)
    let filler = [UInt8](repeating: 0xff, count: 1000)
    var count = 0
    while bytes.count < 8 << 20 {
      bytes += Array(stanza("p\(count)", "1").dropLast().utf8)
      bytes += Array("Description: ".utf8) + filler + [0x0a, 0x0a]
      count += 1
    }
    try tree.write("var/lib/dpkg/status", bytes)
    let items = try ApplicationCollector().collect(from: tree.machine)
    #expect(items.count == count)
    #expect(items.last?["Summary"]?.utf8.count ?? 0 <= 100)
  }
}
