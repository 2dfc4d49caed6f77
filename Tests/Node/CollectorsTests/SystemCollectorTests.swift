import CollectionSupport
import Foundation
import Glibc
import Inventory
import Testing

@testable import Collectors

/// Users, sockets, modules, mounts, jobs, keys and services: constructed ones, and those of this machine.
struct SystemCollectorTests {
  private let tree: TemporaryTree
  private let live = Machine()

  init() throws { tree = try TemporaryTree() }

  private func names(_ items: [Item]) -> [String] { items.map { $0["Name"] ?? "" } }

  @Test func `users and groups, and of passwords only whether there is one`() throws {
    try tree.write(
      "etc/passwd",
      """
      root:x:0:0:root:/root:/bin/bash
      # a comment
      +nis::::::
      bad:line
      ann:x:1000:1000:Ann \u{e9}:/home/ann:/bin/sh
      """)
    try tree.write("etc/group", "root:x:0:\nann:x:1000:\nsudo:x:27:ann,root\nbad\n")
    try tree.write(
      "etc/shadow", "root:*:20000:0:99999:7:::\nann:$6$secret$hash:20001:0:::::\n")
    let users = try UserCollector().collect(from: tree.machine)
    #expect(names(users) == ["root", "ann"])
    #expect(users.map { $0["Groups"] } == ["root,sudo", "ann,sudo"])
    #expect(users.map { $0["PasswordState"] } == ["locked", "set"])
    #expect(users.map { $0["PasswordChanged"] } == ["2024-10-04", "2024-10-05"])
    #expect(!users.description.contains("secret"))
    let groups = try GroupCollector().collect(from: tree.machine)
    #expect(groups.map { $0["Members"] } == ["", "", "ann,root"])
  }

  @Test func `this machine's users and groups are those of getent`() throws {
    for (file, collector) in [
      ("passwd", UserCollector() as any Collector), ("group", GroupCollector()),
    ] {
      guard let text = output(of: "getent", "-s", "files", file) else { return }
      let lines = text.split(separator: "\n").map { String($0.prefix { $0 != ":" }) }
      #expect(names(try collector.collect(from: live)) == lines)
    }
  }

  @Test func `sockets that listen are those of ss`() throws {
    // Listeners of our own, so that there is something of each kind.
    var descriptors: [Int32] = []
    defer { for descriptor in descriptors { close(descriptor) } }
    var expected: Set<String> = []
    for (family, kind) in [(AF_INET, SOCK_STREAM), (AF_INET6, SOCK_STREAM), (AF_INET, SOCK_DGRAM)] {
      let descriptor = socket(family, Int32(kind.rawValue), 0)
      guard descriptor >= 0 else { continue }
      descriptors.append(descriptor)
      guard let port = bindLoopback(descriptor, family) else { continue }
      if kind == SOCK_STREAM { #expect(Glibc.listen(descriptor, 1) == 0) }
      let address = family == AF_INET ? "127.0.0.1" : "::1"
      expected.insert("\(kind == SOCK_STREAM ? "tcp" : "udp") \(address) \(port)")
    }
    let items = try ListeningPortCollector().collect(from: live)
    let found = try look()
    #expect(found.isSuperset(of: expected))
    let own = items.first {
      "tcp 127.0.0.1 \($0["Port"] ?? "")" == expected.first { $0.hasPrefix("tcp 127") }
    }
    #expect(own?["Pid"] == String(getpid()))
    // Other tests open sockets of their own beside this one: it is looked again until both agree.
    for attempt in 1...20 {
      guard let listed = socketsOfSS() else { return }
      let looked = try look()
      if looked == listed { return }
      if attempt == 20 { #expect(looked == listed) }
    }
  }

  @Test func `ports that the kernel hands out make no change, unless they are reserved`() throws {
    func sockets(_ ports: [Int], state: String) -> String {
      "head\n"
        + ports.enumerated().map { index, port in
          let address = "0100007F:" + String(port, radix: 16, uppercase: true)
          return "\(index): \(address) 00000000:0000 \(state) 0:0 0:0 0 0 0 \(index)\n"
        }.joined()
    }
    let ports = [80, 32_767, 32_768, 33_060, 40_000, 60_999, 61_000]
    try tree.write("proc/net/tcp", sockets(ports, state: "0A"))
    try tree.write("proc/net/udp", sockets(ports, state: "07"))
    let collector = ListeningPortCollector()
    func steady() throws -> [String] {
      let items = try collector.collect(from: tree.machine)
      #expect(items.count == 2 * ports.count)
      return items.filter { !collector.isVolatile($0) }.map { item in
        "\(item["Protocol"] ?? "") \(item["Port"] ?? "")"
      }
    }
    func both(_ ports: [Int]) -> [String] {
      ["tcp", "udp"].flatMap { name in ports.map { "\(name) \($0)" } }
    }
    #expect(try steady() == both([80, 32_767, 61_000]))
    try tree.write("proc/sys/net/ipv4/ip_local_reserved_ports", "33060,39990-40010\n")
    #expect(try steady() == both([80, 32_767, 33_060, 40_000, 61_000]))
    try tree.write("proc/sys/net/ipv4/ip_local_port_range", "40000\t65535\n")
    #expect(try steady() == both([80, 32_767, 32_768, 33_060, 40_000]))
    try tree.write("proc/sys/net/ipv4/ip_local_port_range", "rubbish\n")
    #expect(try steady() == both([80, 32_767, 33_060, 40_000, 61_000]))
    #expect(collector.volatileAttributes.contains("Ephemeral"))
  }

  /// The sockets that listen, as `tcp 127.0.0.1 80`.
  private func look() throws -> Set<String> {
    Set(
      try ListeningPortCollector().collect(from: live).map { item in
        "\((item["Protocol"] ?? "").prefix(3)) \(item["Address"] ?? "") \(item["Port"] ?? "")"
      })
  }

  private func socketsOfSS() -> Set<String>? {
    guard let text = output(of: "ss", "-lntuH") else { return nil }
    return Set(
      text.split(separator: "\n").compactMap { line -> String? in
        let words = line.split(separator: " ")
        guard words.count >= 5, let colon = words[4].lastIndex(of: ":") else { return nil }
        // "10.0.0.1%eth0:68" names the interface too; "*" is every address of both families.
        let address = words[4][..<colon].filter { $0 != "[" && $0 != "]" }.prefix { $0 != "%" }
        let port = words[4][words[4].index(after: colon)...]
        return "\(words[0]) \(address == "*" ? "::" : String(address)) \(port)"
      })
  }

  private func bindLoopback(_ descriptor: Int32, _ family: Int32) -> UInt16? {
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    var storage = sockaddr_in6()
    if family == AF_INET {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
      let bound = unsafe withUnsafePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      guard bound == 0 else { return nil }
    } else {
      storage.sin6_family = sa_family_t(AF_INET6)
      storage.sin6_addr = in6addr_loopback
      let bound = unsafe withUnsafePointer(to: &storage) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe bind(descriptor, $0, length)
        }
      }
      guard bound == 0 else { return nil }
    }
    // The port lies at the same place in both families.
    let named = unsafe withUnsafeMutablePointer(to: &storage) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe getsockname(descriptor, $0, &length)
      }
    }
    return named == 0 ? UInt16(bigEndian: storage.sin6_port) : nil
  }

  @Test func `modules are those of lsmod`() throws {
    try tree.write(
      "proc/modules",
      "nf_tables 100 3 nft_a,nft_b, Live 0x0000000000000000\nloop 32768 0 - Live 0x0\nodd\n")
    try tree.write("sys/module/loop/version", "1.2\n")
    let items = try KernelModuleCollector().collect(from: tree.machine)
    #expect(names(items) == ["loop", "nf_tables"])
    #expect(items.first?["Version"] == "1.2")
    #expect(items.last?["UsedBy"] == "nft_a,nft_b")
    guard let text = output(of: "lsmod") else { return }
    let lines = text.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != " " }) }
    #expect(names(try KernelModuleCollector().collect(from: live)) == lines.sorted())
  }

  @Test func `mounts are those of findmnt`() throws {
    try tree.write(
      "proc/self/mountinfo",
      """
      22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
      23 22 0:5 / /proc rw - proc proc rw
      24 22 8:2 / /mnt/a\\040b\\134c ro,noatime - xfs /dev/sdb rw,attr2
      25 22 0:9 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw,lowerdir=/l/A:/l/B
      26 22 0:10 / /srv rw - nfs4 host:/srv rw,addr=10.0.0.1
      short line
      """)
    let items = try MountCollector().collect(from: tree.machine)
    #expect(names(items) == ["/", "/mnt/a b\\c", "/srv"])
    #expect(
      items.map { $0["Options"] } == [
        "errors=remount-ro,relatime,rw", "attr2,noatime,ro", "addr=10.0.0.1,rw",
      ])
    guard let text = output(of: "findmnt", "-rno", "TARGET,FSTYPE") else { return }
    let kinds = Dictionary(
      text.split(separator: "\n").map { line in
        let words = line.split(separator: " ").map(String.init)
        return (words[0], words.count > 1 ? words[1] : "")
      }, uniquingKeysWith: { $1 })
    for item in try MountCollector().collect(from: live) {
      // Other tests mount and unmount beside this one.
      guard let kind = kinds[item["Name"] ?? ""] else { continue }
      #expect(kind == item["FileSystem"])
    }
    #expect(names(try MountCollector().collect(from: live)).contains("/"))
  }

  @Test func `jobs of cron and timers, with their secrets taken out`() throws {
    try tree.write(
      "etc/crontab", "SHELL=/bin/sh\n# m h\n17 * * * * root run-parts /etc/cron.hourly\n")
    try tree.write("etc/cron.d/backup", "@daily bob  dump --password=hunter2 -h db\n* * bad\n")
    try tree.write("etc/cron.d/x.dpkg-old", "1 1 1 1 1 root gone\n")
    try tree.write("etc/cron.daily/logrotate", "")
    try tree.write("var/spool/cron/crontabs/ann", "0 5 * * 1 sync\n0 5 * * 1 sync\n")
    try tree.write(
      "usr/lib/systemd/system/a.timer", "[Unit]\n[Timer]\nOnCalendar=daily\nOnBootSec=\\\n  5min\n")
    try tree.write("usr/lib/systemd/system/off.timer", "[Timer]\nOnCalendar=daily\n")
    try FileManager.default.createDirectory(
      atPath: tree.path("etc/systemd/system/timers.target.wants"), withIntermediateDirectories: true
    )
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("etc/systemd/system/timers.target.wants/a.timer"),
      withDestinationPath: "/usr/lib/systemd/system/a.timer")
    let items = try CronJobCollector().collect(from: tree.machine)
    #expect(
      items.map { $0["Schedule"] } == [
        "17 * * * *", "@daily", "0 5 * * 1", "0 5 * * 1", "@daily",
        "OnCalendar=daily; OnBootSec=5min",
      ])
    #expect(items.map { $0["User"] } == ["root", "bob", "ann", "ann", "root", "root"])
    #expect(items[1]["Command"] == "dump --password=[redacted] -h db")
    #expect(items.last?["Command"] == "a.service")
    #expect(Set(names(items)).count == items.count)
  }

  @Test func `keys have the fingerprints of ssh-keygen, and are never told`() throws {
    try tree.write("etc/passwd", "ann:x:1:1::/home/ann:/bin/sh\nbob:x:2:2::/home/bob:/bin/sh\n")
    let line =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2xBV2z9yOzlPVO4KwU0qH0eDiaqWc3gKPSYSVLWNKz ann@example"
    try tree.write(
      "home/ann/.ssh/authorized_keys",
      "# none\n\(line)\n\(line)\nfrom=\"10.0.0.0/8, 1\",command=\"echo hush\" \(line) second\nrubbish\nssh-rsa !!! x\n"
    )
    #expect(mkfifo(tree.path("home/ann/.ssh/authorized_keys2"), 0o600) == 0)
    let items = try AuthorizedKeyCollector().collect(from: tree.machine)
    #expect(items.count == 1)
    let item = try #require(items.first)
    #expect(item["Fingerprint"]?.hasPrefix("SHA256:") == true)
    #expect(item["Comment"] == "ann@example")
    #expect(!item.attributes.contains { $0.value.contains("AAAA") || $0.value.contains("hush") })
    #expect(tree.machine.notes.all.count == 0)
    if let text = output(of: "ssh-keygen", "-lf", tree.path("home/ann/.ssh/authorized_keys")) {
      #expect(text.contains(item["Fingerprint"] ?? "?"))
    }
    try tree.write("home/bob/.ssh/authorized_keys", "restrict,command=\"echo hush\" \(line)\n")
    let options = try AuthorizedKeyCollector().collect(from: tree.machine).last?["Options"]
    #expect(options == "restrict,command")
  }

  @Test func `services are units, and start as their links say`() async throws {
    let unit = "[Unit]\nDescription=The %n\nRequires=a.socket b.service\n[Service]\nType=notify\n"
    for name in ["web", "off", "masked", "template@"] {
      try tree.write("lib/systemd/system/\(name).service", unit)
    }
    try tree.write("etc/systemd/system/multi-user.target.wants/web.service", "")
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("etc/systemd/system/masked.service"), withDestinationPath: "/dev/null")
    let items = try ServiceCollector().collect(from: tree.machine)
    #expect(names(items) == ["masked.service", "off.service", "web.service"])
    #expect(items.map { $0["StartType"] } == ["Disabled", "Manual", "Automatic"])
    #expect(items.last?["ServicesDependedOn"] == "a.socket,b.service")
    #expect(items.allSatisfy { $0["Status"] == nil })
    if let text = output(
      of: "systemctl", "list-unit-files", "--type=service", "--state=enabled", "--no-legend",
      "--root=/")
    {
      let enabled = Set(text.split(separator: "\n").map { String($0.prefix { $0 != " " }) })
      let found = try await collected(by: ServiceCollector())
        .filter { $0["StartType"] == "Automatic" }.compactMap { $0["Name"] }
      #expect(enabled.subtracting(found).filter { !$0.contains("@") } == [])
    }
  }

  @Test func `drop-ins change units as systemd reads them`() throws {
    let lib = "usr/lib/systemd/system"
    let etc = "etc/systemd/system"
    try tree.write(
      "\(lib)/web-app.service",
      "[Unit]\nDescription=Old\nRequires=db.service\n[Service]\nType=notify\n")
    try tree.write("\(lib)/db.service", "[Unit]\nDescription=Data\n[Service]\n")
    try tree.write(
      "\(lib)/other.service", "[Unit]\nBindsTo=db.service web-app.service\n[Service]\nBusName=a.b\n"
    )
    try tree.write(
      "\(lib)/web-app.service.d/10-a.conf", "[Unit]\nDescription=Masked\nRequires=no.service\n")
    try tree.write("\(etc)/web-app.service.d/10-a.conf", "")
    try tree.write(
      "\(lib)/web-app.service.d/20-b.conf",
      "[Unit]\nDescription=New\nRequires=\nRequires=b.socket db.service\n[Service]\nType=exec\n")
    try tree.write("\(etc)/web-.service.d/15-c.conf", "[Unit]\nDescription=Near\nBindsTo=c.mount\n")
    try tree.write("\(lib)/web-.service.d/20-b.conf", "[Unit]\nDescription=Farther\n")
    try tree.write("\(etc)/service.d/20-b.conf", "[Unit]\nDescription=Farthest\n")
    try tree.write("\(etc)/service.d/99.conf", "[Unit]\nRequires=all.target\n")
    try tree.write("\(etc)/db.service.d/x.conf", "[Unit]\nDescription=\n")
    try tree.write("\(etc)/db.service.d/readme", "[Unit]\nDescription=No\n")
    let items = try ServiceCollector().collect(from: tree.machine)
    #expect(names(items) == ["db.service", "other.service", "web-app.service"])
    #expect(items.map { $0["DisplayName"] } == ["db.service", "Farthest", "New"])
    #expect(items.map { $0["ServiceType"] } == ["oneshot", "dbus", "exec"])
    #expect(
      items.map { $0["ServicesDependedOn"] } == [
        "all.target", "all.target,db.service,web-app.service",
        "all.target,b.socket,c.mount,db.service",
      ])
    #expect(
      items.map { $0["DependentServices"] } == [
        "other.service,web-app.service", nil, "other.service",
      ])
    try FileManager.default.createSymbolicLink(
      atPath: tree.path("\(etc)/web-app.service.d/20-b.conf"), withDestinationPath: "/dev/null")
    let masked = try ServiceCollector().collect(from: tree.machine).last
    #expect(masked?["DisplayName"] == "Near")
    #expect(masked?["ServiceType"] == "notify")
    // A folder of the administrator goes before one of a package, however near that is.
    try FileManager.default.removeItem(atPath: tree.path("\(etc)/web-app.service.d/20-b.conf"))
    try tree.write("\(etc)/web-.service.d/20-b.conf", "[Unit]\nDescription=Admin\n")
    #expect(try ServiceCollector().collect(from: tree.machine).last?["DisplayName"] == "Admin")
    try tree.write("\(lib)/t.timer", "[Timer]\nOnCalendar=daily\nOnBootSec=5min\n")
    try tree.write("\(etc)/t.timer.d/x.conf", "[Timer]\nOnCalendar=\nOnCalendar=weekly\n")
    try tree.write("\(etc)/timers.target.wants/t.timer", "")
    #expect(
      try CronJobCollector().collect(from: tree.machine).map { $0["Schedule"] }
        == ["OnCalendar=weekly"])
  }

  @Test func `services are described as systemd describes them, where it runs`() async throws {
    guard live.exists("run/systemd/system"),
      let text = output(
        of: "systemctl", "show", "*.service", "--all", "--no-pager",
        "--property=Id,Description,Requires,BindsTo")
    else { return }
    var shown: [String: [String: String]] = [:]
    for unit in text.split(separator: "\n\n") {
      var values: [String: String] = [:]
      for line in unit.split(separator: "\n") {
        let words = line.split(separator: "=", maxSplits: 1).map(String.init)
        if words.count == 2 { values[words[0]] = words[1] }
      }
      shown[values["Id"] ?? ""] = values
    }
    for item in try await collected(by: ServiceCollector()) where item["StartType"] != "Disabled" {
      guard let values = shown[item["Name"] ?? ""] else { continue }
      // A name may hold specifiers, which systemd fills in.
      if item["DisplayName"]?.contains("%") == false {
        #expect(item["DisplayName"] == values["Description"])
      }
      let needed = (values["Requires"] ?? "") + " " + (values["BindsTo"] ?? "")
      let own = (item["ServicesDependedOn"] ?? "").split(separator: ",")
      // systemd adds what a unit needs without saying so.
      let all = Set(needed.split(separator: " "))
      #expect(all.isSuperset(of: own.filter { !$0.contains("%") }), "\(item["Name"] ?? "")")
    }
  }

  @Test func `a process that was started is there, without its secrets`() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sleep")
    process.arguments = ["86399"]
    process.environment = ["TOKEN": "hunter2"]
    try process.run()
    defer {
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    let items = try ProcessCollector().collect(from: live)
    let item = try #require(items.first { $0["UsageId"] == String(process.processIdentifier) })
    #expect(item["CommandLine"]?.hasSuffix("sleep 86399") == true)
    let age =
      Date().timeIntervalSince1970
      - Double(
        Instant(captureTime: item["StartTime"] ?? "")?.seconds ?? 0)
    #expect((-2...600).contains(age))
    #expect(!items.description.contains("hunter2"))
  }

  @Test func `what a system runs in is told by its marks`() throws {
    #expect(Virtualization.name(on: tree.machine) == nil)
    try tree.write("proc/cpuinfo", "processor : 0\nflags\t: fpu vme\n")
    #expect(Virtualization.name(on: tree.machine) == "none")
    try tree.write("proc/cpuinfo", "processor : 0\nflags\t: fpu hypervisor\n")
    #expect(Virtualization.name(on: tree.machine) == "vm-other")
    try tree.write("sys/class/dmi/id/product_name", "Standard PC (Q35)\n")
    try tree.write("sys/class/dmi/id/sys_vendor", "QEMU\n")
    #expect(Virtualization.name(on: tree.machine) == "qemu")
    try tree.write(".dockerenv", "")
    #expect(Virtualization.name(on: tree.machine) == "docker")
    let item = try InstanceDetailedInformationCollector().collect(from: tree.machine).first
    #expect(item?["Virtualization"] == "docker")
    #expect(item?["Manufacturer"] == "QEMU")
  }

  @Test func `the server that lent an address is found with each client`() throws {
    try tree.write("run/systemd/netif/leases/2", "ADDRESS=10.0.0.9\nSERVER_ADDRESS=10.0.0.1\n")
    #expect(Lease.server(of: "eth0", index: 2, on: tree.machine) == "10.0.0.1")
    try tree.write(
      "var/lib/dhcp/dhclient.leases",
      """
      lease {
        interface "eth1";
        option dhcp-server-identifier 10.1.0.1;
      }
      lease {
        interface "eth1";
        option dhcp-server-identifier 10.1.0.2;
      }
      """)
    #expect(Lease.server(of: "eth1", index: 3, on: tree.machine) == "10.1.0.2")
    try tree.write("var/lib/NetworkManager/internal-1234-wlan0.lease", "SERVER_ADDRESS=10.2.0.1\n")
    #expect(Lease.server(of: "wlan0", index: 4, on: tree.machine) == "10.2.0.1")
    #expect(Lease.server(of: "eth9", index: 9, on: tree.machine) == nil)
  }
}

struct RedactionTests {
  private static let secret = "hunter2Xyz"

  @Test(arguments: [
    "password", "passwd", "db-password", "PGPASSWORD", "secret", "client_secret", "token",
    "api-key",
    "apikey", "AWS_SECRET_ACCESS_KEY", "credentials", "auth", "bearer", "private-key", "cookie",
  ])
  func `a secret never shows, however it is given`(name: String) {
    let s = Self.secret
    let lines: [[String]] = [
      ["tool", "--\(name)=\(s)"], ["tool", "--\(name)", s], ["tool", "-\(name)", s],
      ["tool", "\(name)=\(s)"], ["env", "\(name.uppercased())=\(s)", "tool"],
      ["sh", "-c", "tool --\(name) \(s) && other"], ["sh", "-c", "\(name)=\(s) tool"],
      ["curl", "-H", "\(name): \(s)"], ["curl", "https://user:\(s)@example.org/path"],
      ["tool", "--url=postgres://me:\(s)@db/x"], ["mysql", "-p\(s)"], ["curl", "-u", "me:\(s)"],
      ["tool", "--\(name)=two \(s)"], ["tool", "\(name): Basic \(s)"],
      ["tool", "--set", "user=me,\(name)=\(s)"], ["curl", "https://db/x?id=1&\(name)=\(s)"],
      ["tool", "-o", "A::B::\(name)=\(s)"], ["tool", "http://me:\(s)\(name)@host:80"],
      ["tool", "x http://me:\(s)\(name)@host:80 y"],
    ]
    for line in lines {
      #expect(!Redaction.line(line).contains(s), "\(line)")
    }
    for command in [
      "tool --\(name) 'two \(s)'", "tool --\(name)=\"two \(s)\"", "\(name)='\(s)' tool",
      "sh -c \"tool --\(name) 'two \(s)'\"", "don't --\(name) \(s)",
      "tool --\(name)=two\\ \(s)", "curl -H '\(name): Basic \(s)' https://db/",
    ] {
      #expect(!Redaction.line(command).contains(s), "\(command)")
    }
  }

  @Test func `what is no secret stays`() {
    let line = ["/usr/sbin/nginx", "-c", "/etc/nginx/nginx.conf", "-g", "daemon on;"]
    #expect(Redaction.line(line) == "/usr/sbin/nginx -c /etc/nginx/nginx.conf -g daemon on;")
    let java = ["java", "-Xmx2g", "-jar", "/opt/app/app-1.2.3.jar", "--port", "8080"]
    #expect(Redaction.line(java) == java.joined(separator: " "))
    for command in [
      "test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )",
      #"sh -c "cd '/a b' && find . -name '*.tmp' -delete" 2>&1"#, "echo don't", "rsync -a a:/b c:d",
      #"echo "a b"#, #"x="a b" y"#,
    ] {
      #expect(Redaction.line(command) == command)
    }
  }

  @Test func `a long word that only a key can be is taken out`() {
    let key = "wJalrXUtnFEMI0K7MDENG9bPxRfiCY3EXAMPLEKEY1"
    #expect(Redaction.line(["tool", key]) == "tool [redacted]")
    #expect(Redaction.line("tool '\(key)'") == "tool [redacted]")
  }
}
