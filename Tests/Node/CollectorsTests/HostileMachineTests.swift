import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// Machines on which something else stands wherever a collector looks for a file or a folder.
struct HostileMachineTests {
  /// What stands there.
  enum Trap: CaseIterable, CustomTestStringConvertible {
    case pipe, linkToItself, linksInACircle, folderThatLeadsBack, endlessDevice

    var testDescription: String { "\(self)" }

    func set(at path: String) -> Bool {
      switch self {
      case .pipe: return mkfifo(path, 0o644) == 0
      case .linkToItself:
        return symlink(path.split(separator: "/").last.map(String.init) ?? "", path) == 0
      case .linksInACircle:
        let other = path + ".other"
        return symlink(path, other) == 0 && symlink(other, path) == 0
      case .folderThatLeadsBack: return symlink("..", path) == 0
      case .endlessDevice: return symlink("/dev/zero", path) == 0
      }
    }
  }

  /// Every file that a collector reads, and one in each folder that it looks through.
  private static let files = [
    "etc/crontab", "etc/cron.d/x", "etc/cron.daily/x", "etc/group", "etc/hostname", "etc/init.d/x",
    "etc/machine-id", "etc/os-release", "etc/passwd", "etc/resolv.conf", "etc/shadow",
    "etc/rc2.d/S01x", "etc/stocktake/custom/x.json", "etc/systemd/system/x.service",
    "etc/systemd/system/y.service.d/x.conf", "etc/systemd/system/x.timer",
    "etc/systemd/system/timers.target.wants/x.timer", "home/ann/.ssh/authorized_keys",
    "home/ann/x", "lib/systemd/system/y.service", "opt/node_modules/x/package.json",
    "opt/x.dist-info/METADATA", "opt/x.dist-info/INSTALLER", "opt/x.egg-info", "proc/1/stat",
    "proc/1/cmdline", "proc/1/status", "proc/1/environ", "proc/1/fd/1", "proc/cpuinfo",
    "proc/modules", "proc/net/route", "proc/net/tcp", "proc/net/udp6", "proc/self/mountinfo",
    "proc/stat", "proc/sys/kernel/hostname", "proc/sys/kernel/osrelease",
    "proc/sys/net/ipv4/ip_local_port_range", "run/.containerenv", "run/reboot-required",
    "run/reboot-required.pkgs", "run/systemd/generator/z.service", "run/systemd/netif/leases/2",
    "snap/x/1/meta/snap.yaml", "srv/x", "sys/class/dmi/id/sys_vendor", "sys/class/net/eth0/flags",
    "sys/class/net/eth1", "sys/devices/system/cpu/present", "usr/lib/x.dist-info/METADATA",
    "var/lib/NetworkManager/x.lease", "var/lib/amazon/ssm/n/inventory/custom/x.json",
    "var/lib/apt/lists/h_dists_d_InRelease",
    "var/lib/apt/lists/h_dists_d_main_binary-amd64_Packages",
    "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
    "var/lib/containers/storage/overlay-images/images.json", "var/lib/dhcp/dhclient.eth0.leases",
    "var/lib/docker/image/overlay2/repositories.json", "var/lib/dpkg/status",
    "var/lib/dpkg/info/x.list", "var/lib/flatpak/app/x", "var/lib/flatpak/repo",
    "var/lib/gems/3/specifications/x.gemspec", "var/lib/snapd/state.json",
    "var/spool/cron/crontabs/x", "var/www/node_modules/x", "usr/share/nodejs/x/package.json",
  ]

  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func everything(on machine: Machine) async throws -> CollectionResult {
    var plan = CollectionPlan()
    plan.types = CollectorTable.all.map(\.type) + [.collectorStatus]
    plan.secondsMax = 20
    return await collect(
      plan, node: try NodeID("n"), at: Instant(seconds: 1_767_225_600), machine: machine)
  }

  @Test(arguments: Trap.allCases)
  func `a collection ends where something else stands for each file`(trap: Trap) async throws {
    for file in Self.files {
      let path = tree.path(file)
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
        withIntermediateDirectories: true)
      #expect(trap.set(at: path), "\(file)")
    }
    let all = try await everything(on: tree.machine)
    #expect(!all.failures.contains { $0.message.contains("left behind") })
    // dpkg's list cannot be read, and does not count as empty.
    #expect(all.failures.contains { $0.source == "AWS:Application" })
    // With the two documents that are none.
    #expect(all.collected.count == CollectorTable.all.count + 2)
  }

  @Test(arguments: Trap.allCases)
  func `rules for files tell what stands there, and end`(trap: Trap) throws {
    try tree.write("a/b/file.conf", "x")
    #expect(trap.set(at: tree.path("a/b/trap.conf")) && trap.set(at: tree.path("a/trap.conf")))
    var collector = FileCollector(rules: [
      FileRule(path: "/a", patterns: ["*.conf*"], isRecursive: true),
      FileRule(path: "/a/trap.conf", patterns: ["*"], isRecursive: true),
    ])
    collector.hasDigests = true
    let items = try collector.collect(from: tree.machine)
    #expect(items.filter { $0["SHA256"] != nil }.map { $0["Name"] } == ["file.conf"])
    #expect(items.count { $0["Name"] == "trap.conf" } == 2)
  }

  @Test func `of a line of any length only its beginning is kept`() throws {
    var text = "Package: long\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n"
    text += "Description: first\nDepends: "
    var bytes = Array(text.utf8) + [UInt8](repeating: 0x78, count: 1 << 20)
    bytes += Array("\n\nPackage: last\nStatus: install ok installed\nVersion: ".utf8)
    bytes += [UInt8](repeating: 0x79, count: 1 << 20)
    let packages = DpkgStatusReader.packages(in: bytes)
    #expect(packages.map(\.name) == ["long", "last"])
    #expect(packages.map(\.version.utf8.count) == [1, DpkgStatusReader.lineBytesMax - 9])
  }

  @Test func `more packages than there can be are an error that says so`() throws {
    let count = DpkgStatusReader.packagesMax + 1
    let text = (0..<count).map { "Package: p\($0)\n\n" }.joined()
    try tree.write("var/lib/dpkg/status", text)
    let message = "\(tree.path("var/lib/dpkg/status")) has 50001 packages, more than 50000"
    #expect(throws: CollectorError(message)) {
      try ApplicationCollector().collect(from: tree.machine)
    }
    try tree.write("var/lib/dpkg/status", String(text.dropLast("Package: p50000\n\n".count)))
    #expect(try ApplicationCollector().collect(from: tree.machine) == [])
  }

  @Test func `pieces of any size give the same packages`() throws {
    let text =
      "Package: a\nStatus: hold ok installed\nDescription: one  \n more\nVersion: 1 \n\n"
      + "pAckage:b\nVersion:\t2\nStatus: install ok installed\n\n\nVersion: 3\n\nPackage: c"
    let whole = DpkgStatusReader.packages(in: Array(text.utf8))
    #expect(whole.map(\.name) == ["a", "b", "c"] && whole.map(\.version) == ["1", "2", ""])
    #expect(whole[0].summary == "one  " && whole[0].want == "hold")
    for size in 1..<text.utf8.count {
      var reader = DpkgStatusReader()
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        reader.take(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      }
      reader.end()
      #expect(reader.packages == whole && reader.count == 3)
    }
  }
}
