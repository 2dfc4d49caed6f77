import Foundation
import Inventory
import PackedBytes

@testable import Collectors
@testable import Compression
@testable import Importers
@testable import SQLite
@testable import XML

// Files in a form of their own: XML, packed ones, databases.

/// Takes all that a document has.
private final class Everything: XMLHandler {
  private var depth = 0

  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest {
    _ = attributes["href"]
    switch name.utf8.count % 4 {
    case 0: return .text
    case 1: return .nothing
    default:
      depth += 1
      return .children
    }
  }

  func ends(_ name: String, text: String) {
    if name.utf8.count % 4 > 1 { depth -= 1 }
    hold(depth >= 0, "an element ends that never began")
  }
}

private let machine = Machine(root: Scratch.shared.path + "/machine")

private let installed: [Item] = [
  [
    "Name": "openssl", "Version": "3.0", "Release": "2", "Epoch": "1", "Architecture": "x86_64",
  ]
]

extension Decoder {
  static let xml = Decoder(
    "xml",
    [
      Part("OCS") { bytes in
        let path = Scratch.shared.write("import/a.ocs", bytes)
        let history = try OCSImporter(timeZone: .gmt).history(
          paths: [path], node: NodeID(stored: "i-1"))
        for _ in history.reports {}
      },
      Part("whole and in pieces") { bytes in
        func read(_ pieces: [[UInt8]]) throws {
          let reader = XMLReader(Everything())
          for piece in pieces { try reader.take(piece) }
          try reader.finish()
        }
        let half = bytes.count / 2
        let whole = (try? read([bytes])) != nil
        let parts = (try? read([Array(bytes[..<half]), Array(bytes[half...])])) != nil
        hold(parts == whole, "a document in two pieces is another")
      },
      Part("list of packages") { bytes in
        Scratch.shared.write("machine/primary.xml", bytes)
        var candidates = RPMCandidates()
        try candidates.read(
          "primary.xml", priority: 1, installed: RPMInstalled(installed), on: machine)
      },
      Part("advisories") { bytes in
        let reader = RPMAdvisoryReader(isWanted: { _, _ in true }, take: { _, _ in })
        let xml = XMLReader(reader)
        try xml.take(bytes)
        try xml.finish()
      },
      Part("index of a repository") { bytes in
        Scratch.shared.write("machine/repo/repodata/repomd.xml", bytes)
        _ = try RPMMetadata(in: "repo", isFlat: false, on: machine)
      },
    ])

  static let packed = Decoder(
    "packed",
    [
      // In one piece, and in pieces of seven bytes: the same.
      Part("file") { bytes in
        func unpack(by count: Int) -> [UInt8]? {
          var reader = UnpackingReader(bytesMax: 1 << 20)
          var all: [UInt8] = []
          var start = 0
          func end(_ start: Int) -> Int { min(bytes.count, start + count) }
          while true {
            let piece = try? reader.next { () throws(Never) in
              defer { start = end(start) }
              return Array(bytes[start..<end(start)])
            }
            guard let piece else { return nil }
            if piece.isEmpty { return all }
            all += piece
          }
        }
        hold(
          unpack(by: max(1, bytes.count)) == unpack(by: 7), "a file in pieces is another")
      },
      Part("file of an importer") { bytes in
        _ = try CompressedFile.bytes(
          ofFileAt: Scratch.shared.write("import/packed.gz", bytes), atMost: 1 << 20)
      },
      Part("Zstandard") { bytes in
        _ = try? Zstandard.decompress(bytes.span.bytes, byteCount: 1 << 12)
        guard let frame = Zstandard.compress(bytes.span.bytes) else { return }
        hold(
          try Zstandard.decompress(frame.span.bytes, byteCount: bytes.count) == bytes,
          "a value is unpacked otherwise than packed")
      },
    ])

  static let databases = Decoder(
    "databases",
    [
      Part("history of dnf") { bytes in
        let path = Scratch.shared.write("import/history.sqlite", bytes)
        let history = try RpmImporter(timeZone: .gmt).imported(
          paths: [path], current: installed, capturedAt: Instant(seconds: 1_800_000_000),
          node: NodeID(stored: "i-1"))
        for _ in history.reports {}
      },
      Part("list of packages") { bytes in
        Scratch.shared.write("machine/primary_db.sqlite", bytes)
        var candidates = RPMCandidates()
        try candidates.read(
          "primary_db.sqlite", priority: 1, installed: RPMInstalled(installed), on: machine)
      },
      Part("containerd") { bytes in
        Scratch.shared.write(
          "containerd/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db", bytes)
        _ = try ContainerdImages.items(on: Machine(root: Scratch.shared.path + "/containerd"))
      },
      Part("containerd, sealed") { bytes in
        // The sums of both states are put right, so that what is behind them is read.
        Scratch.shared.write(
          "containerd/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
          sealed(bytes))
        _ = try ContainerdImages.items(on: Machine(root: Scratch.shared.path + "/containerd"))
      },
    ])

  /// A database of bbolt whose two heads have the sums of what they are.
  private static func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for page in [0, 1024] where bytes.count >= page + 80 {
      var sum: UInt64 = 0xcbf2_9ce4_8422_2325
      for byte in bytes[(page + 16)..<(page + 72)] { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
      for index in 0..<8 {
        bytes[page + 72 + index] = UInt8(truncatingIfNeeded: sum >> (UInt64(index) * 8))
      }
    }
    return bytes
  }
}
