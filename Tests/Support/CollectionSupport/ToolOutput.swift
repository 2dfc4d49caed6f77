import Foundation
import Glibc

/// The output of a tool, or nil where the tool is missing or fails.
package func output(of tool: String, _ arguments: String...) -> String? {
  for directory in ["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"] {
    let path = directory + tool
    guard FileManager.default.isExecutableFile(atPath: path) else { continue }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = ["LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"]
    let pipe = Pipe()
    // Programs that are started beside this one would hold it open, and its end would never come.
    for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
      _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
    }
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
  }
  return nil
}
