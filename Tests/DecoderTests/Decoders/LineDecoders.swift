import Inventory
import Packages
import PackedBytes

@testable import Collectors

// Files of a machine, line by line: each stands alone in a root where a collector looks for it.

/// A file that a collector reads, in a root of its own.
private func part(
  _ path: String, _ collector: any Collector, beside files: [String: String] = [:]
) -> Decoder.Part {
  Decoder.Part("\(path) for \(collector.type)") { bytes in
    let root = "lines/" + path.map { $0 == "/" ? "_" : String($0) }.joined()
    for (name, text) in files { Scratch.shared.write(root + "/" + name, text) }
    Scratch.shared.write(root + "/" + path, bytes)
    let items = try collector.collect(from: Machine(root: Scratch.shared.path + "/" + root))
    for item in items {
      hold(!item.attributes.isEmpty || true, "")
    }
  }
}

extension Decoder {
  static let lines = Decoder(
    "lines",
    [
      part("var/lib/dpkg/status", ApplicationCollector()),
      part("var/lib/dpkg/status", PackageStateCollector()),
      part("var/lib/snapd/state.json", ApplicationCollector()),
      part(
        "var/lib/apt/lists/example.org_dists_stable_main_binary-amd64_Packages",
        PatchComplianceCollector(),
        beside: [
          "var/lib/dpkg/status": """
          Package: bash
          Status: install ok installed
          Architecture: amd64
          Version: 5.1-2

          """
        ]),
      part("etc/passwd", UserCollector()),
      part(
        "etc/shadow", UserCollector(), beside: ["etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"]),
      part("etc/group", GroupCollector()),
      part("etc/crontab", CronJobCollector()),
      part("etc/systemd/system/a.timer", CronJobCollector()),
      part("etc/systemd/system/a.service", ServiceCollector()),
      part("proc/self/mountinfo", MountCollector()),
      part("proc/modules", KernelModuleCollector()),
      part("proc/cpuinfo", InstanceDetailedInformationCollector()),
      part("proc/1/stat", ProcessCollector(), beside: ["proc/stat": "btime 1770000000\n"]),
      part("proc/stat", ProcessCollector(), beside: ["proc/1/stat": "1 (init) S 0 1 1 0 -1 0"]),
      part(
        "proc/1/cmdline", ProcessCollector(),
        beside: [
          "proc/stat": "btime 1770000000\n",
          "proc/1/stat": "1 (init) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 5 1 1",
        ]),
      part("proc/net/tcp", ListeningPortCollector()),
      part("proc/net/tcp6", ListeningPortCollector(), beside: ["proc/net/tcp": ""]),
      part("proc/net/route", NetworkCollector(), beside: ["sys/class/net/eth0/flags": "0x1003\n"]),
      part("etc/resolv.conf", NetworkCollector(), beside: ["sys/class/net/eth0/flags": "0x1003\n"]),
      part(
        "var/lib/dhcp/dhclient.leases", NetworkCollector(),
        beside: ["sys/class/net/eth0/flags": "0x1003\n"]),
      part("etc/os-release", InstanceInformationCollector()),
      part(
        "root/.ssh/authorized_keys", AuthorizedKeyCollector(),
        beside: ["etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"]),
      part("usr/lib/python3/dist-packages/a.egg-info", PythonPackageCollector()),
      part("usr/lib/node_modules/a/package.json", NodePackageCollector()),
      part("var/lib/gems/3.1.0/specifications/a-1.gemspec", RubyGemCollector()),
      part("var/lib/containers/storage/overlay-images/images.json", ContainerImageCollector()),
      part("var/lib/docker/image/overlay2/repositories.json", ContainerImageCollector()),
      Part("a line of rpm") { _ = RPMPackages.item(String(decoding: $0, as: UTF8.self)) },
      Part("etc/yum.repos.d/a.repo") { bytes in
        Scratch.shared.write("yum/etc/yum.repos.d/a.repo", bytes)
        _ = try RPMRepositories(on: Machine(root: Scratch.shared.path + "/yum"))
      },
      Part("version of Debian") { bytes in
        let texts = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
          .map { DebianVersion(String(decoding: $0, as: UTF8.self)) }
        for (one, other) in zip(texts, texts.dropFirst()) {
          hold(!(one < other && other < one), "two versions are each before the other")
        }
      },
    ])
}

/// A process as `proc` shows it, of which one file comes from elsewhere.
private let process = [
  "proc/1/stat": "1 (init) S 0 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 5 1 1",
  "proc/1/status": "Name:\tinit\nUid:\t0\t0\t0\t0\nNSpid:\t1\n",
  "proc/1/cgroup": "0::/system.slice/ssh.service\n",
  "proc/1/maps": "7f0-7f1 r-xp 00000000 fe:01 77 /usr/lib/libssl.so.3 (deleted)\n",
]

private let kernels = [
  "proc/sys/kernel/osrelease": "6.1.0-28-amd64\n", "proc/sys/kernel/version": "#1 SMP\n",
  "var/lib/dpkg/status": """
  Package: linux-image-6.1.0-28-amd64
  Status: install ok installed
  Architecture: amd64
  Version: 6.1.119-1
  Source: linux-signed-amd64 (6.1.119+1)

  """,
]

private let archive = [
  "var/lib/dpkg/status": kernels["var/lib/dpkg/status"] ?? "",
  "var/lib/apt/lists/a_dists_x_main_binary-amd64_Packages":
    "Package: linux-image-6.1.0-28-amd64\nArchitecture: amd64\nVersion: 6.1.120-1\n",
]

extension Decoder {
  /// What runs and where it came from: services, kernels, sources, archives.
  static let running = Decoder(
    "running",
    [
      part("proc/1/maps", OutdatedServiceCollector(), beside: process),
      part("proc/1/cgroup", OutdatedServiceCollector(), beside: process),
      part("proc/1/status", OutdatedServiceCollector(), beside: process),
      part("proc/sys/kernel/version", RunningKernelCollector(), beside: kernels),
      part("proc/sys/kernel/osrelease", RunningKernelCollector(), beside: kernels),
      part("proc/version_signature", RunningKernelCollector(), beside: kernels),
      part("var/lib/dpkg/status", RunningKernelCollector(), beside: kernels),
      part("var/lib/dpkg/status", PackageSourceCollector()),
      part("lib/apk/db/installed", PackageSourceCollector()),
      part("var/lib/apt/lists/a_dists_x_InRelease", PackageOriginCollector(), beside: archive),
      Part("names of sources") { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        _ = SourcePackage(dpkgField: text, ofPackage: "a", "1")
        if let source = SourcePackage(rpmFile: text) {
          hold(text.hasPrefix("\(source.name)-\(source.version)."), "a name is another")
        }
        _ = SourcePackage(upstream: text, ofVersion: "1")
      },
    ])
}
