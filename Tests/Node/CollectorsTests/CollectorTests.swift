import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

struct CollectorTests {
  @Test func `there is one collector for each type`() {
    let types = CollectorTable.all.map(\.type)
    #expect(Set(types).count == types.count)
    for collector in CollectorTable.all {
      let versions = TypeDefinition.of(collector.type).versions
      #expect(versions.isEmpty || versions.contains(collector.schemaVersion))
    }
  }

  @Test(arguments: [
    ("0123456789abcdef0123456789ABCDEF\n", "0123456789abcdef0123456789abcdef"),
    ("uninitialized\n", nil), ("", nil), ("0123\n", nil),
  ])
  func `the machine id is 32 hexadecimal digits or nothing`(text: String, id: String?) throws {
    let tree = try TemporaryTree()
    #expect(machineNodeID(machine: tree.machine) == nil)
    try tree.write("etc/machine-id", text)
    #expect(machineNodeID(machine: tree.machine) == id)
  }

  private func networkTree() throws -> TemporaryTree {
    let tree = try TemporaryTree()
    let links = [
      ("lo", "0x9", "1", "00:00:00:00:00:00"), ("wlan0", "0x1003", "3", "02:00:00:00:00:03"),
      ("eth0", "0x1003", "2", "02:00:00:00:00:02"), ("tun0", "0x1091", "4", ""),
      ("gre0", "0x80", "5", "0a:00:00:01"), ("dummy0", "0x82", "6", "00:00:00:00:00:00"),
    ]
    for (name, flags, index, address) in links {
      try tree.write("sys/class/net/\(name)/flags", flags + "\n")
      try tree.write("sys/class/net/\(name)/ifindex", index + "\n")
      try tree.write("sys/class/net/\(name)/address", address + "\n")
    }
    try tree.write("sys/class/net/bonding_masters", "bond0\n")
    let head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    try tree.write(
      "proc/net/route",
      head + "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
        + "eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
        + "eth0\t0000000A\t00000000\t0001\t0\t0\t100\t000000FF\t0\t0\t0\n"
        + "tun0\t00000000\t00000000\t0001\t0\t0\t700\t00000000\t0\t0\t0\n")
    try tree.write(
      "etc/resolv.conf",
      "# nameserver 9.9.9.9\nsearch a.b\nnameserver 10.0.0.1\nnameserver ::1 x\n")
    return tree
  }

  @Test func `interfaces have their last addresses, their gateway and the name servers`() throws {
    let tree = try networkTree()
    let machine = Machine(root: tree.path) {
      [
        InterfaceAddress(interface: "lo", family: .v4, address: "127.0.0.1", mask: "255.0.0.0"),
        InterfaceAddress(interface: "wlan0", family: .v4, address: "192.168.1.7"),
        InterfaceAddress(interface: "eth0", family: .v4, address: "10.0.0.2", mask: "255.0.0.0"),
        InterfaceAddress(interface: "eth0", family: .v4, address: "10.1.0.2", mask: "255.255.0.0"),
        InterfaceAddress(interface: "eth0", family: .v6, address: "fd00::2"),
        InterfaceAddress(interface: "eth0", family: .v6, address: "fe80::2"),
      ]
    }
    let items = try NetworkCollector().collect(from: machine)
    #expect(items.map { $0["Name"] } == ["eth0", "wlan0", "tun0", "gre0", "dummy0"])
    #expect(
      items[0] == [
        "Name": "eth0", "MacAddress": "02:00:00:00:00:02", "IPV4": "10.1.0.2", "IPV6": "fe80::2",
        "SubnetMask": "255.255.0.0", "Gateway": "10.0.0.1", "DNSServer": "10.0.0.1,::1",
      ])
    #expect(items[1]["Gateway"] == "192.168.1.1")
    #expect(items[2]["Gateway"] == nil)
    #expect(items[2]["DNSServer"] == "10.0.0.1,::1")
    #expect(items[3] == ["Name": "gre0", "MacAddress": "", "IPV4": "", "IPV6": ""])
    #expect(items[4]["MacAddress"] == "")
    let information = try InstanceInformationCollector().collect(from: machine)
    #expect(information.first?["IpAddress"] == "10.1.0.2")
  }

  @Test func `os-release is read as a shell reads it`() throws {
    let tree = try TemporaryTree()
    try tree.write(
      "usr/lib/os-release", "# NAME=no\nNAME=\"A \\\"quoted\\\" \\$name\"\nVERSION_ID='9.1'\nX=\n")
    try tree.write("etc/hostname", "box\n")
    let item = try #require(try InstanceInformationCollector().collect(from: tree.machine).first)
    #expect(item["PlatformName"] == "A \"quoted\" $name")
    #expect(item["PlatformVersion"] == "9.1")
    #expect(item["ComputerName"] == "box")
    try tree.write("proc/sys/kernel/hostname", "running\n")
    let again = try #require(try InstanceInformationCollector().collect(from: tree.machine).first)
    #expect(again["ComputerName"] == "running")
  }

  private func cpuinfo(_ model: String, sockets: Int, cores: Int, threads: Int) -> String {
    var text = ""
    var number = 0
    for socket in 0..<sockets {
      for core in 0..<cores {
        for _ in 0..<threads {
          text += "processor\t: \(number)\nmodel name\t: \(model)\ncpu MHz\t\t: 1234.5\n"
          text += "physical id\t: \(socket)\ncore id\t\t: \(core)\n\n"
          number += 1
        }
      }
    }
    return text
  }

  @Test func `sockets, cores and threads are counted without sysfs`() throws {
    let tree = try TemporaryTree()
    try tree.write(
      "proc/cpuinfo", cpuinfo("X CPU E5 v3 @ 2.40GHz", sockets: 2, cores: 4, threads: 2))
    let collector = InstanceDetailedInformationCollector()
    let item = try #require(try collector.collect(from: tree.machine).first)
    #expect(
      item == [
        "CPUModel": "X CPU E5 v3 @ 2.40GHz", "CPUs": "16", "CPUCores": "8", "CPUSockets": "2",
        "CPUHyperThreadEnabled": "true", "CPUSpeedMHz": "2400", "KernelVersion": "",
        "OSServicePack": "",
      ])
  }

  @Test func `the speed is never that of the moment`() throws {
    let tree = try TemporaryTree()
    try tree.write("proc/cpuinfo", cpuinfo("Some Processor", sockets: 1, cores: 1, threads: 1))
    try tree.write("sys/devices/system/cpu/present", "0,2-4\n")
    let collector = InstanceDetailedInformationCollector()
    let item = try #require(try collector.collect(from: tree.machine).first)
    #expect(item["CPUSpeedMHz"] == "")
    #expect(item["CPUs"] == "4")
    #expect(item["CPUHyperThreadEnabled"] == "false")
    try tree.write("sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "3800000\n")
    let again = try #require(try collector.collect(from: tree.machine).first)
    #expect(again["CPUSpeedMHz"] == "3800")
  }
}
