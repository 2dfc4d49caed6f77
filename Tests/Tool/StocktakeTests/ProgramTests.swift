import Foundation
import Glibc
import Testing

/// What a program says before any of its verbs runs.
struct ProgramTests {
  private let bench: Bench

  init() throws { bench = try Bench() }

  /// Swift reads the arguments of a process from `/proc`, and takes it for one without any where that is not
  /// mounted: `stocktake collect` would print its help and end with 0.
  @Test func `without proc a program says so and fails`() throws {
    guard geteuid() == 0 else { try Test.cancel("only root can take /proc away") }
    let process = Process()
    let errors = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = [
      "--mount", "sh", "-c", "umount -l /proc && exec \"$0\" nodes --store /nowhere", bench.program,
    ]
    process.standardError = errors
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let said = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 2)
    #expect(said.contains("/proc/self/cmdline"), "\(said)")
    #expect(said.contains("mount -t proc"), "\(said)")
  }

  @Test func `the version is that of the release`() throws {
    let run = try bench.run(["--version"])
    #expect(run.status == 0)
    #expect(run.output == "0.2.0\n")
  }
}
