import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// Services that run replaced files: constructed processes, and a real one of which a library is replaced.
struct OutdatedServiceTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func process(
    _ id: Int, _ name: String, group: String?, _ maps: String, spaces: String = "1"
  ) throws {
    try tree.write(
      "proc/\(id)/stat", "\(id) (\(name)) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 5 1 1\n")
    try tree.write("proc/\(id)/status", "Name:\t\(name)\nUid:\t0\t0\t0\t0\nNSpid:\t\(spaces)\n")
    if let group { try tree.write("proc/\(id)/cgroup", group + "\n") }
    try tree.write("proc/\(id)/maps", maps)
  }

  private func mapping(_ path: String, _ rights: String = "r-xp", inode: Int = 77) -> String {
    "7f0000000000-7f0000001000 \(rights) 00000000 fe:01 \(inode)                   \(path)\n"
  }

  private func outdated() throws -> [String] {
    try OutdatedServiceCollector().collect(from: tree.machine).map { item in
      ["Name", "Kind", "State", "Programs", "Files", "Packages", "Pids"]
        .map { item[$0] ?? "-" }.joined(separator: " ")
    }
  }

  private static let ssl = "/usr/lib/x86_64-linux-gnu/libssl.so.3"

  @Test func `a service runs what was replaced, by its unit`() throws {
    let gone = mapping(Self.ssl + " (deleted)")
    let fine = mapping("/usr/lib/x86_64-linux-gnu/libc.so.6")
    try process(1, "systemd", group: "0::/init.scope", fine)
    try process(10, "sshd", group: "0::/system.slice/ssh.service", fine + gone)
    try process(11, "sshd", group: "0::/system.slice/ssh.service", gone + gone)
    try process(12, "cron", group: "0::/system.slice/cron.service", fine)
    try process(13, "agetty", group: "0::/system.slice/system-getty.slice/getty@tty1.service", gone)
    try process(14, "bash", group: "0::/user.slice/user-1000.slice/session-3.scope", gone)
    try process(15, "systemd", group: "0::/user.slice/user-1000.slice/user@1000.service/x", gone)
    try process(
      16, "nginx", group: "9:cpu:/x\n1:name=systemd:/system.slice/nginx.service\n0::/", gone)
    try process(17, "a b)", group: "0::/", mapping("/opt/a/b c.so (deleted)"))
    try process(18, "loner", group: nil, gone)
    try tree.write("var/lib/dpkg/info/libssl3:amd64.list", "/.\n\(Self.ssl)\n")
    try tree.write("var/lib/dpkg/info/other.list", "/usr\n/usr/lib\n")
    let files = Self.ssl + " libssl3"
    #expect(
      try outdated() == [
        "a b) process replaced a b) /opt/a/b c.so - 17",
        "getty@tty1.service service replaced agetty \(files) 13",
        "loner process replaced loner \(files) 18",
        "nginx.service service replaced nginx \(files) 16",
        "ssh.service service replaced sshd \(files) 10,11",
        "user-1000.slice session replaced bash,systemd \(files) 14,15",
      ])
  }

  @Test func `what only looks like a replaced file is none`() throws {
    let odd = [
      "/memfd:pulse (deleted)", "/dev/zero (deleted)", "/dev/shm/x (deleted)",
      "/SYSV00000000 (deleted)", "/[aio] (deleted)", "/drm mm object (deleted)",
      "/i915 (deleted)", "/anon_hugepage (deleted)", "/tmp/x.so (deleted)",
      "/var/tmp/x.so (deleted)", "/run/x (deleted)", "/usr/lib/#1234 (deleted)",
      "/home/a/orcexec.Ab12 (deleted)", "/opt/jna123.tmp (deleted)", "[heap]", "",
      "/usr/lib/libdeleted.so", "/usr/lib/x (deleted).so",
    ]
    // Data are read again, or not at all; code is what runs.
    let data = mapping("/usr/lib/locale/locale-archive (deleted)", "r--p")
    let anonymous = mapping("/usr/lib/none.so (deleted)", inode: 0)
    try process(
      1, "x", group: "0::/system.slice/x.service",
      odd.map { mapping($0) }.joined() + data + anonymous + "7f00 r-xp\n\n (deleted)\n")
    #expect(try outdated() == [])
  }

  @Test func `a file that is back under its name runs as it is`() throws {
    try tree.write("usr/lib/a.so", "x")
    var status = stat()
    unsafe #expect(stat(tree.path("usr/lib/a.so"), &status) == 0)
    let maps = mapping("/usr/lib/a.so (deleted)", inode: Int(status.st_ino))
    try process(1, "x", group: "0::/system.slice/x.service", maps)
    #expect(try outdated() == [])
    try process(1, "x", group: "0::/system.slice/x.service", mapping("/usr/lib/a.so (deleted)"))
    #expect(try outdated() == ["x.service service replaced x /usr/lib/a.so - 1"])
  }

  @Test(arguments: [
    "0::/system.slice/docker-0123456789abcdef.scope", "1:name=systemd:/docker/0123",
    "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-01.scope",
    "0::/machine.slice/libpod-0123.scope/container", "0::/lxc.payload.web/system.slice/a.service",
  ])
  func `of containers nothing is said`(group: String) throws {
    let gone = mapping(Self.ssl + " (deleted)")
    try process(1, "init", group: "0::/init.scope", "")
    try process(20, "web", group: group, gone)
    try process(21, "web", group: "0::/system.slice/web.service", gone, spaces: "21\t1")
    #expect(try outdated() == [])
  }

  @Test func `what cannot be seen is unknown and no absence`() throws {
    let gone = mapping(Self.ssl + " (deleted)")
    try process(1, "init", group: "0::/init.scope", "")
    try process(20, "web", group: "0::/system.slice/web.service", "")
    try process(21, "web", group: "0::/system.slice/web.service", gone)
    try process(22, "db", group: "0::/system.slice/db.service", "")
    // A folder is no file that can be read, whoever asks.
    for id in [20, 22] {
      try FileManager.default.removeItem(atPath: tree.path("proc/\(id)/maps"))
      try tree.write("proc/\(id)/maps/x", "")
    }
    #expect(
      try outdated() == [
        "db.service service unknown db - - 22",
        "web.service service replaced web \(Self.ssl) - 20,21",
      ])
    // Whoever is not root, and not even shown what the first process runs, is not shown that of others.
    try FileManager.default.removeItem(atPath: tree.path("proc/1/maps"))
    let error = #expect(throws: CollectorError.self) {
      try OutdatedServiceCollector(isRoot: false).collect(from: tree.machine)
    }
    #expect(error?.isUnavailable == true)
    #expect(error?.message.contains("only root") == true)
  }

  @Test func `a disk does not run`() throws {
    let error = #expect(throws: CollectorError.self) { try outdated() }
    #expect(error?.isUnavailable == true)
  }

  @Test func `the list is the same however it comes`() {
    let text = Array(
      (mapping(Self.ssl + " (deleted)") + mapping("/opt/é (deleted)") + mapping("/a")).utf8)
    var whole = ReplacedFiles()
    whole.take(text)
    #expect(Set(whole.files.keys) == [Self.ssl, "/opt/é"])
    for count in [1, 7, 64] {
      var reader = ReplacedFiles()
      for start in stride(from: 0, to: text.count, by: count) {
        reader.take(Array(text[start..<min(start + count, text.count)]))
      }
      #expect(reader.files == whole.files)
    }
  }

  /// A folder that no rule takes for one of fleeting files; temporary folders are such.
  private func folder() throws -> String {
    let path = FileManager.default.currentDirectoryPath + "/.build/outdated-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// The numbers of the processes that needrestart takes for outdated; nil where it is not there.
  private func needrestart() -> Set<Int>? {
    guard
      let text = output(of: "sh", "-c", "needrestart -v -r l -l 2>&1 </dev/null"),
      text.contains("[main]")
    else { return nil }
    return Set(
      text.split(separator: "\n").compactMap { line in
        guard line.contains(" uses deleted ") || line.contains(" uses obsolete "),
          // It takes a program that was never a file for one that was replaced.
          !line.contains("/memfd:")
        else { return nil }
        return line.firstIndex(of: "#").flatMap { mark in
          Int(line[line.index(after: mark)...].prefix { $0.isNumber })
        }
      })
  }

  @Test func `a process that holds a replaced library is found, as needrestart finds it`()
    async throws
  {
    let library = ["/lib/x86_64-linux-gnu/libz.so.1", "/usr/lib64/libz.so.1", "/lib/libz.so.1"]
      .first { FileManager.default.fileExists(atPath: $0) }
    guard let library, geteuid() == 0 else {
      try Test.cancel("there is no libz to copy, or no root")
    }
    let folder = try folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let held = folder + "/libheld.so.1"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: library))
    try bytes.write(to: URL(fileURLWithPath: held))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sleep")
    process.arguments = ["600"]
    process.environment = ["LD_PRELOAD": held]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    // It may have been started with other signals shut out.
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let id = Int(process.processIdentifier)
    func ofProcess() async throws -> Item? {
      try await collected(by: OutdatedServiceCollector()).first {
        ($0["Pids"] ?? "").split(separator: ",").contains { $0 == "\(id)" }
      }
    }
    // The loader needs its time.
    let maps = "/proc/\(id)/maps"
    for _ in 0..<500 {
      if let text = try? String(contentsOfFile: maps, encoding: .utf8), text.contains(held) {
        break
      }
      usleep(10_000)
    }
    #expect(try await ofProcess() == nil)
    // What dpkg does: the new file is written beside the old one and takes its name.
    try bytes.write(to: URL(fileURLWithPath: held + ".dpkg-new"))
    unsafe #expect(rename(held + ".dpkg-new", held) == 0)
    let item = try #require(try await ofProcess())
    #expect(item["State"] == "replaced")
    #expect((item["Files"] ?? "").split(separator: ",").contains { $0 == held })
    #expect((item["Programs"] ?? "").split(separator: ",").contains("sleep"))
    try await compare(with: needrestart(), id)
  }

  /// Of what runs before and after a look of ours, needrestart and we take the same for outdated.
  private func compare(with before: Set<Int>?, _ id: Int) async throws {
    guard let before else { return print("needrestart is not there to compare with") }
    let ours = Set(
      try await collected(by: OutdatedServiceCollector()).flatMap { item in
        (item["Pids"] ?? "").split(separator: ",").compactMap { Int($0) }
      })
    let after = needrestart() ?? []
    let sure = before.intersection(after)
    #expect(sure.contains(id))
    #expect(ours.isSuperset(of: sure), "needrestart alone: \(sure.subtracting(ours))")
    print("needrestart: \(sure.count) outdated processes; ours: \(ours.count)")
  }
}
