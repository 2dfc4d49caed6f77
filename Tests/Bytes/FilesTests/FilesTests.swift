import Files
import Foundation
import Testing

@Suite struct FilesTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.path + "/files-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  private func mode(_ path: String) throws -> Int {
    try #require(
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
  }

  @Test(arguments: [0, 1, 65_535, 65_536, 65_537, 200_000])
  func `what was written is read, up to the limit`(_ count: Int) throws {
    let path = folder + "/file"
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try Files.replace(path, with: bytes)
    #expect(try Files.read(path, bytesMax: count) == bytes)
    #expect(try names() == ["file"])
    if count > 0 {
      #expect(throws: FileError(.read, path, reason: "it has more than \(count - 1) bytes")) {
        try Files.read(path, bytesMax: count - 1)
      }
    }
  }

  @Test func `a file is replaced whatever stands beside it, and has the mode asked for`() throws {
    let path = folder + "/file"
    try Files.replace(path, with: [1])
    #expect(try mode(path) == 0o600)
    try FileManager.default.createSymbolicLink(
      atPath: path + ".new", withDestinationPath: folder + "/elsewhere")
    try Files.replace(path, with: [2], mode: 0o644)
    #expect(try Files.read(path, bytesMax: 9) == [2])
    #expect(try mode(path) == 0o644)
    #expect(try names() == ["file"])
  }

  @Test func `a link is replaced and its target left alone`() throws {
    try Files.replace(folder + "/target", with: [1])
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/link", withDestinationPath: folder + "/target")
    try Files.replace(folder + "/link", with: [2])
    #expect(try Files.read(folder + "/target", bytesMax: 9) == [1])
    #expect(try Files.read(folder + "/link", bytesMax: 9) == [2])
  }

  @Test func `errors are sentences with the path`() throws {
    let missing = folder + "/no/file"
    #expect(throws: FileError(.write, missing, code: ENOENT)) {
      try Files.replace(missing, with: [1])
    }
    let error = #expect(throws: FileError.self) { try Files.read(missing, bytesMax: 1) }
    #expect(error?.description == "cannot read \(missing): No such file or directory")
    #expect(throws: FileError(.read, folder, code: EISDIR)) { try Files.read(folder, bytesMax: 1) }
    // A folder of the name cannot be replaced, and nothing is left beside it.
    try FileManager.default.createDirectory(
      atPath: folder + "/taken", withIntermediateDirectories: true)
    #expect(throws: FileError.self) { try Files.replace(folder + "/taken", with: [1]) }
    #expect(try names() == ["taken"])
  }
}
