import CollectionSupport
import Foundation
import Inventory
import Testing

@testable import Collectors

/// The kernel that runs beside those that are installed: constructed machines, and this one.
struct RunningKernelTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func install(_ packages: [(name: String, version: String)]) throws {
    try tree.write(
      "var/lib/dpkg/status",
      packages.map {
        "Package: \($0.name)\nStatus: install ok installed\nArchitecture: amd64\n"
          + "Version: \($0.version)\n\n"
      }.joined())
  }

  private func run(_ release: String, _ build: String = "#1 SMP") throws {
    try tree.write("proc/sys/kernel/osrelease", release + "\n")
    try tree.write("proc/sys/kernel/version", build + "\n")
  }

  private func kernel() throws -> Item {
    let items = try RunningKernelCollector().collect(from: tree.machine)
    #expect(items.count == 1)
    return try #require(items.first)
  }

  private static let bookworm = [
    ("linux-image-6.1.0-9-amd64", "6.1.27-1"), ("linux-image-6.1.0-28-amd64", "6.1.119-1"),
    ("linux-image-6.1.0-30-cloud-amd64", "6.1.124-1"), ("linux-image-amd64", "6.1.999-1"),
    ("linux-image-6.1.0-31-amd64-dbg", "6.1.128-1"), ("linux-headers-6.1.0-31-amd64", "6.1.128-1"),
  ]

  @Test func `of several kernels the newest by version is meant, of the sort that runs`() throws {
    try install(Self.bookworm)
    try run("6.1.0-9-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08)")
    #expect(
      try kernel() == [
        "Release": "6.1.0-9-amd64",
        "Build": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.27-1 (2023-05-08)",
        "Package": "linux-image-6.1.0-9-amd64", "Version": "6.1.27-1",
        "NewestPackage": "linux-image-6.1.0-28-amd64", "NewestVersion": "6.1.119-1",
        "NewestRelease": "6.1.0-28-amd64", "RestartNeeded": "true", "Reasons": "kernel",
      ])
    // The name 6.1.0-9 sorts behind 6.1.0-28 as text, and before it as a version.
    try run("6.1.0-28-amd64")
    #expect(try kernel()["RestartNeeded"] == "false" && kernel()["Version"] == "6.1.119-1")
    try run("6.1.0-30-cloud-amd64")
    #expect(try kernel()["NewestVersion"] == "6.1.124-1" && kernel()["RestartNeeded"] == "false")
  }

  @Test func `a kernel that was upgraded in its place runs as an older one of the same name`()
    throws
  {
    try install([("linux-image-6.1.0-28-amd64", "6.1.119-2")])
    try run("6.1.0-28-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)")
    let debian = try kernel()
    #expect(debian["Version"] == "6.1.119-1" && debian["RestartNeeded"] == "true")
    try install([("linux-image-5.15.0-45-generic", "5.15.0-45.49")])
    try run("5.15.0-45-generic", "#48-Ubuntu SMP Tue Jul 12 08:00:00 UTC 2022")
    #expect(try kernel()["RestartNeeded"] == "false")
    try tree.write("proc/version_signature", "Ubuntu 5.15.0-45.48-generic 5.15.39\n")
    #expect(try kernel()["RestartNeeded"] == "true" && kernel()["Version"] == "5.15.0-45.48")
  }

  @Test func `a kernel whose package is gone is compared by its name`() throws {
    try install([("linux-image-6.1.0-28-amd64", "6.1.119-1")])
    try run("6.1.0-9-amd64")
    #expect(try kernel()["RestartNeeded"] == "true" && kernel()["Package"] == nil)
    // One that somebody built, or that a host gave, is in no order with them.
    try run("6.18.44-fc")
    #expect(try kernel()["RestartNeeded"] == nil && kernel()["NewestVersion"] == "6.1.119-1")
  }

  @Test func `in a container nothing is said of its packages' kernels`() throws {
    try install([("linux-image-6.1.0-28-amd64", "6.1.119-1")])
    try run("6.1.0-9-amd64")
    try tree.write(".dockerenv", "")
    #expect(try kernel() == ["Release": "6.1.0-9-amd64", "Build": "#1 SMP"])
  }

  @Test func `packages ask for a restart`() throws {
    try install(Self.bookworm)
    try run("6.1.0-28-amd64")
    try tree.write("run/reboot-required", "*** System restart required ***\n")
    try tree.write("run/reboot-required.pkgs", "libc6\ndbus\nlibc6\n")
    let item = try kernel()
    #expect(item["RestartNeeded"] == "true" && item["Reasons"] == "packages")
    #expect(item["Packages"] == "dbus,libc6")
    try run("6.1.0-9-amd64")
    #expect(try kernel()["Reasons"] == "kernel,packages")
    // That nobody asks says nothing where no kernel is known.
    try install([("bash", "5")])
    #expect(try kernel()["RestartNeeded"] == "true")
    try FileManager.default.removeItem(atPath: tree.path("run"))
    #expect(try kernel()["RestartNeeded"] == nil)
  }

  @Test func `a disk does not run`() throws {
    try install(Self.bookworm)
    let error = #expect(throws: CollectorError.self) { try kernel() }
    #expect(error?.isUnavailable == true)
  }

  @Test func `this machine runs what uname says`() async throws {
    let items = try await collected(by: RunningKernelCollector())
    #expect(items.first?["Release"] == output(of: "uname", "-r")?.trimmed)
    #expect(items.first?["Build"] == output(of: "uname", "-v")?.trimmed)
  }
}
