// The first file of the module that imports anything of C: where a module is compiled as a whole, the first
// import of C's declarations owns them for all files, and Foundation would.

import Files
import Glibc

/// Files of an agent's folder.
package enum AgentFiles {
  /// Makes the folder, for its owner alone.
  package static func make(_ folder: String) throws {
    guard unsafe mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw AgentError(
        .setup, "\(FileError(.make, folder, code: errno)); name another with --state")
    }
  }

  /// Writes a file whole and durably, or leaves the one before.
  static func write(_ bytes: [UInt8], _ name: String, in folder: String) throws {
    do throws(FileError) { try Files.replace(folder + "/" + name, with: bytes) } catch {
      throw AgentError(.disk, error.description)
    }
  }
}
