import Foundation
import Glibc
import Testing

/// systemd as the first process of a container, whose services `stocktake collect` tells as systemd does.
///
/// The container has this machine's `/usr` and nothing else of it: no network, and an `/etc` of its own, so
/// that only services of the test and what systemd always has are switched on.
struct SystemdTests {
  private let bench: Bench
  private var root: String { bench.directory + "/root" }

  init() throws { bench = try Bench() }

  private func write(_ name: String, _ text: String) throws {
    let url = URL(fileURLWithPath: root + "/" + name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: url, atomically: false, encoding: .utf8)
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createDirectory(
      atPath: URL(fileURLWithPath: root + "/" + name).deletingLastPathComponent().path,
      withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: root + "/" + name, withDestinationPath: target)
  }

  private func unit(_ name: String, _ lines: String, isWanted: Bool = false) throws {
    try write("etc/systemd/system/\(name)", lines + "\n")
    if isWanted {
      try link("etc/systemd/system/multi-user.target.wants/\(name)", to: "../\(name)")
    }
  }

  /// Copies the program's libraries that are not below `/usr` into the container.
  ///
  /// The loader says where they are: a toolchain can be reached by links, or by variables of this process,
  /// neither of which the container has.
  private func copyLibraries() throws {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/ldd")
    process.arguments = [bench.program]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    for line in text.split(separator: "\n") {
      // libswiftCore.so => /opt/swift/usr/lib/swift/linux/libswiftCore.so (0x00007f…)
      let words = line.split { $0 == " " || $0 == "\t" }
      guard words.count == 4, words[1] == "=>" else { continue }
      let found = URL(fileURLWithPath: String(words[2])).resolvingSymlinksInPath()
      guard !found.path.hasPrefix("/usr/") else { continue }
      try FileManager.default.copyItem(atPath: found.path, toPath: "\(root)/opt/lib/\(words[0])")
    }
  }

  /// Services that hold a library of their own, and one that does not.
  private func prepareHeld(_ sleep: String) throws {
    let library = URL(fileURLWithPath: "/usr/lib/x86_64-linux-gnu/libz.so.1")
      .resolvingSymlinksInPath()
    try write("opt/held/.keep", "")
    if FileManager.default.fileExists(atPath: library.path) {
      try FileManager.default.copyItem(
        atPath: library.path, toPath: root + "/opt/held/libheld.so.1")
    }
    let held = sleep + "\nType=exec\nEnvironment=LD_PRELOAD=/opt/held/libheld.so.1"
    try unit("held.service", held, isWanted: true)
    try unit("held@.service", held)
    try link("etc/systemd/system/multi-user.target.wants/held@one.service", to: "../held@.service")
    try unit("free.service", sleep, isWanted: true)
    let settings = "/etc/needrestart"
    if FileManager.default.fileExists(atPath: settings) {
      try FileManager.default.copyItem(atPath: settings, toPath: root + settings)
    }
  }

  /// A root with services of every kind, and one that asks both sides and ends the container.
  private func prepare() throws {
    for folder in ["bin", "sbin", "lib", "lib64"] { try link(folder, to: "usr/\(folder)") }
    for folder in ["usr", "out", "opt/lib", "tmp"] { try write("\(folder)/.keep", "") }
    try copyLibraries()
    try write("etc/os-release", "ID=test\n")
    try write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    try write("etc/group", "root:x:0:\n")
    try write("etc/machine-id", "")
    try unit(
      "own.service",
      """
      [Unit]
      Description=Before
      Requires=helper.service
      BindsTo=bound.service
      [Service]
      Type=simple
      RemainAfterExit=yes
      ExecStart=/bin/true
      """, isWanted: true)
    try unit(
      "own.service.d/10-more.conf",
      "[Unit]\nDescription=After %N\nRequires=later.target\n[Service]\nType=oneshot")
    let sleep = "[Service]\nExecStart=/bin/sleep 600"
    try unit("helper.service", sleep)
    try unit("bound.service", "[Unit]\nDescription=Bound to \\\n  another\n\(sleep)\nType=exec")
    try unit("failing.service", "[Service]\nType=exec\nExecStart=/bin/false", isWanted: true)
    try unit("later.target", "[Unit]\nDescription=Later")
    try prepareHeld(sleep)
    try unit("off.service", "[Service]\nType=dbus\nBusName=a.b\nExecStart=/bin/true")
    try unit("template@.service", sleep)
    try link("etc/systemd/system/second.service", to: "own.service")
    try link("etc/systemd/system/masked.service", to: "/dev/null")
    try write("etc/systemd/system/empty.service", "")
    try write("opt/elsewhere/linked.service", "[Unit]\nDescription=Linked\n\(sleep)\n")
    try link("etc/systemd/system/linked.service", to: "/opt/elsewhere/linked.service")
    let show =
      "systemctl show $names --no-pager --property="
      + "Id,Description,Type,Requires,BindsTo,UnitFileState,ActiveState,WantedBy,RequiredBy,"
      + "StateChangeTimestampMonotonic"
    try write(
      "opt/ask",
      """
      systemctl list-unit-files --type=service --no-pager --no-legend >/out/files
      names=$(grep -v '@[.]' /out/files | cut -d' ' -f1)
      \(show) >/out/before
      export LD_LIBRARY_PATH=/opt/lib
      /opt/stocktake collect --node n --type AWS:Service --output request >/out/request 2>/out/errors
      unset LD_LIBRARY_PATH
      \(show) >/out/after
      # What dpkg does with a library: the new one is written beside the old one and takes its name.
      cp /opt/held/libheld.so.1 /opt/held/new
      mv /opt/held/new /opt/held/libheld.so.1
      LD_LIBRARY_PATH=/opt/lib /opt/stocktake collect --node n --type Custom:OutdatedService \
        --output request >/out/outdated 2>>/out/errors
      if [ -d /etc/needrestart ]; then needrestart -b -r l -l >/out/needrestart 2>>/out/errors || true; fi

      """)
    try unit(
      "ask.service",
      """
      [Unit]
      After=multi-user.target
      [Service]
      Type=oneshot
      ExecStart=/bin/sh -e /opt/ask
      ExecStopPost=/bin/systemctl --no-block poweroff
      """, isWanted: true)
  }

  /// What systemd wrote down; nil where it did not start.
  private func boot() throws -> Bool {
    let path = "/usr/bin/systemd-nspawn"
    guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: path),
      FileManager.default.isExecutableFile(atPath: "/usr/lib/systemd/systemd")
    else { return false }
    try prepare()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments =
      [
        "-k", "5", "300", path, "--quiet", "--directory=\(root)", "--machine=stocktake-\(getpid())",
        "--bind-ro=/usr", "--bind-ro=\(bench.program):/opt/stocktake", "--private-network",
        "--register=no", "--keep-unit", "--boot",
      ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard FileManager.default.fileExists(atPath: root + "/out/files") else { return false }
    try #require(
      FileManager.default.fileExists(atPath: root + "/out/after"),
      "the container did not answer within 300 s; what it wrote: \(try? out("errors"))")
    return true
  }

  private func out(_ name: String) throws -> String {
    try String(contentsOfFile: root + "/out/" + name, encoding: .utf8)
  }

  /// What `systemctl show` printed, by the unit's own name.
  private func shown(_ name: String) throws -> [String: [String: String]] {
    var shown: [String: [String: String]] = [:]
    for unit in try out(name).components(separatedBy: "\n\n") {
      var values: [String: String] = [:]
      for line in unit.split(separator: "\n") {
        let words = line.split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        values[String(words[0])] = String(words[1])
      }
      shown[values["Id"] ?? ""] = values
    }
    return shown
  }

  private func collected() throws -> [[String: String]] {
    let object = try JSONSerialization.jsonObject(with: Data(out("request").utf8))
    let items = (object as? [String: Any])?["Items"] as? [[String: Any]] ?? []
    let own = items.first { $0["TypeName"] as? String == "AWS:Service" }
    return try #require(own?["Content"] as? [[String: String]])
  }

  @Test func `services are those of systemd, as it shows them`() throws {
    guard try boot() else {
      try Test.cancel("systemd-nspawn is not there, or cannot start systemd here")
    }
    let items = try collected()
    let names = Set(items.compactMap { $0["Name"] })
    let files = try out("files").split(separator: "\n").map {
      $0.split(separator: " ").prefix(2).map(String.init)
    }
    let units = files.filter { !$0[0].contains("@.") && $0[1] != "alias" && $0[1] != "generated" }
    #expect(names == Set(units.map { $0[0] }))
    #expect(items.count == names.count && names.isSuperset(of: ["own.service", "linked.service"]))
    let before = try shown("before")
    let after = try shown("after")
    for item in items {
      let name = item["Name"] ?? ""
      let unit = try #require(after[name], "\(name)")
      // A service that begins again and again can be something else in between.
      let changed = "StateChangeTimestampMonotonic"
      if before[name]?["ActiveState"] == unit["ActiveState"],
        before[name]?[changed] == unit[changed]
      {
        let isRunning = ["active", "activating", "reloading"].contains(unit["ActiveState"] ?? "")
        #expect(item["Status"] == (isRunning ? "Running" : "Stopped"), "\(name)")
      }
      expectStart(item, unit)
      // systemd reads nothing of a unit that is masked.
      guard item["StartType"] != "Disabled" else { continue }
      #expect(item["DisplayName"] == unit["Description"], "\(name)")
      #expect(item["ServiceType"] == unit["Type"], "\(name)")
      expectNeeds(item, unit)
    }
    let own = try #require(items.first { $0["Name"] == "own.service" })
    #expect(
      own == [
        "Name": "own.service", "DisplayName": "After own", "ServiceType": "oneshot",
        "StartType": "Automatic", "Status": "Running",
        "ServicesDependedOn": "bound.service,helper.service,later.target",
      ])
    let states = ["failing", "off", "masked", "empty", "linked", "helper"].map { name in
      items.first { $0["Name"] == name + ".service" }.map {
        "\(name) \($0["StartType"] ?? "") \($0["Status"] ?? "")"
      }
    }
    #expect(
      states == [
        "failing Automatic Stopped", "off Manual Stopped", "masked Disabled Stopped",
        "empty Disabled Stopped",
        "linked Manual Stopped", "helper Manual Running",
      ])
  }

  @Test func `services that hold a replaced library are told by their units, as needrestart does`()
    throws
  {
    guard try boot() else {
      try Test.cancel("systemd-nspawn is not there, or cannot start systemd here")
    }
    guard FileManager.default.fileExists(atPath: root + "/opt/held/libheld.so.1") else {
      try Test.cancel("there is no libz to copy")
    }
    let object = try JSONSerialization.jsonObject(with: Data(out("outdated").utf8))
    let items = (object as? [String: Any])?["Items"] as? [[String: Any]] ?? []
    #expect(
      items.first?["Content"] as? [[String: String]]
        == ["held.service", "held@one.service"].map { name in
          [
            "Name": name, "Kind": "service", "State": "replaced", "Programs": "sleep",
            "Files": "/opt/held/libheld.so.1",
          ]
        })
    guard FileManager.default.fileExists(atPath: root + "/out/needrestart") else {
      return print("needrestart is not there to compare with")
    }
    let told = try out("needrestart").split(separator: "\n").filter {
      $0.hasPrefix("NEEDRESTART-SVC: ")
    }
    #expect(told.map { $0.dropFirst(17) } == ["held.service", "held@one.service"])
  }

  private func expectStart(_ item: [String: String], _ unit: [String: String]) {
    let name = item["Name"] ?? ""
    let state = unit["UnitFileState"] ?? ""
    #expect((item["StartType"] == "Disabled") == state.hasPrefix("masked"), "\(name)")
    if state.hasPrefix("enabled") { #expect(item["StartType"] == "Automatic", "\(name)") }
    if state == "disabled" { #expect(item["StartType"] == "Manual", "\(name)") }
    if item["StartType"] == "Automatic", !state.hasPrefix("enabled") {
      #expect(unit["WantedBy"] != "" || unit["RequiredBy"] != "", "\(name)")
    }
  }

  /// What systemd adds to the needs of a unit by itself is of a few kinds.
  private func expectNeeds(_ item: [String: String], _ unit: [String: String]) {
    let own = Set((item["ServicesDependedOn"] ?? "").split(separator: ",").map(String.init))
    let all = Set(
      "\(unit["Requires"] ?? "") \(unit["BindsTo"] ?? "")".split(separator: " ").map(String.init))
    #expect(all.isSuperset(of: own), "\(item["Name"] ?? ""): \(own) \(all)")
    let added = all.subtracting(own).filter { name in
      name != "sysinit.target" && ![".slice", ".mount", ".socket"].contains { name.hasSuffix($0) }
    }
    #expect(added == [], "\(item["Name"] ?? "")")
  }
}
