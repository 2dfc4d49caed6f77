import CollectionSupport
import Foundation
import Testing

@testable import Collectors

struct UnpackedFileTests {
  private let tree: TemporaryTree

  init() throws { tree = try TemporaryTree() }

  private func unpacked(_ name: String, max: Int = 1 << 30) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try tree.machine.streamUnpacked(name, max: max) { bytes += $0 }
    return bytes
  }

  @Test(arguments: ["gzip", "xz", "zstd", "bzip2"])
  func `what is packed is unpacked, and damage is an error that names the file`(
    program: String
  ) throws {
    guard isProgram(program) else { try Test.cancel("\(program) is missing") }
    var random = SplitMix64(seed: 5)
    let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    let plain = noise + [UInt8](repeating: 7, count: 3_000_000) + noise
    let path = try tree.write("plain", plain)
    try #require(output(of: "sh", "-c", "\(program) -c \(path) >\(tree.path("packed"))") != nil)
    #expect(try unpacked("plain") == plain)
    #expect(try unpacked("packed") == plain)
    let packed = Array(try Data(contentsOf: URL(fileURLWithPath: tree.path("packed"))))
    // One stream behind another is one file.
    try tree.write("twice", packed + packed)
    #expect(try unpacked("twice") == plain + plain)
    for count in [5, 6, 20, 1000, packed.count / 2, packed.count - 1] {
      try tree.write("cut", packed.prefix(count))
      let error = #expect(throws: CollectorError.self, "\(count)") { try unpacked("cut") }
      #expect(error?.message.contains("/cut cannot be unpacked") == true)
    }
    // zstd writes no sum over a stream of this size in all versions; its head always counts.
    var damaged = packed
    damaged[program == "zstd" ? 5 : packed.count / 2] ^= 0x55
    for index in 10..<14 { damaged[index] ^= 0xff }
    try tree.write("damaged", damaged)
    #expect(throws: CollectorError.self) { try unpacked("damaged") }
    try tree.write("tail", packed + Array("tail".utf8))
    #expect(throws: CollectorError.self) { try unpacked("tail") }
  }

  @Test(arguments: ["gzip", "xz", "zstd", "bzip2"])
  func `a small file that unpacks to a large one ends at the limit`(program: String) throws {
    guard isProgram(program) else { try Test.cancel("\(program) is missing") }
    let command = "head -c 300000000 /dev/zero | \(program) -c >\(tree.path("bomb"))"
    try #require(output(of: "sh", "-c", command) != nil)
    var count = 0
    let error = #expect(throws: CollectorError.self) {
      try tree.machine.streamUnpacked("bomb", max: 1 << 20) { count += $0.count }
    }
    #expect(error?.message.hasSuffix("/bomb has more than 1048576 bytes") == true)
    #expect(count <= 1 << 20)
  }
}
