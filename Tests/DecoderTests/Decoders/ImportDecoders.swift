import Collectors
import Foundation
import Inventory
import PackedBytes

@testable import Importers

// What other programs wrote down: logs, copies of states, bills of materials.

private let node = NodeID(stored: "i-1")
private let late = Instant(seconds: 1_800_000_000)
private let zone = TimeZone(identifier: "Europe/Berlin") ?? .gmt

/// Goes through all that an importer tells, and holds it to what every history promises.
private func walk(_ history: ImportedHistory) {
  var last: Instant?
  for report in history.reports {
    for entry in report.entries {
      hold(last.map { $0 <= entry.captureTime } ?? true, "reports are not in the order of time")
      last = entry.captureTime
    }
  }
  hold(history.warnings.count <= ImportLimits.warnings, "more warnings than the limit")
  _ = history.warnings.map(\.utf8.count).reduce(0, +)
}

private func file(_ name: String, _ bytes: [UInt8]) -> String {
  Scratch.shared.write("import/" + name, bytes)
}

private let present: [Item] = [
  [
    "Name": "bash", "Version": "5.1-2", "Architecture": "x86_64", "Release": "1", "Epoch": "0",
    "InstalledTime": "2026-01-01T00:00:00Z",
  ],
  ["Name": "libc6", "Version": "2.36", "Architecture": "x86_64"],
]

extension Decoder {
  static let packageLogs = Decoder(
    "package-logs",
    [
      Part("dpkg") { bytes in
        walk(
          try DpkgLogImporter(timeZone: zone).history(
            paths: [file("dpkg.log", bytes)], current: present, capturedAt: late
          ).imported(node: node))
      },
      Part("apt") { bytes in
        walk(
          try AptHistoryImporter(timeZone: zone).history(
            paths: [file("history.log", bytes)], node: node))
      },
      Part("rpm") { bytes in
        walk(
          try RpmImporter(timeZone: zone).imported(
            paths: [file("dnf.rpm.log", bytes)], current: present, capturedAt: late, node: node))
      },
      Part("pacman") { bytes in
        walk(
          try PacmanLogImporter(timeZone: zone).history(
            paths: [file("pacman.log", bytes)], current: nil, capturedAt: late
          ).imported(node: node))
      },
      Part("two logs of dpkg") { bytes in
        let half = bytes.count / 2
        walk(
          try DpkgLogImporter(timeZone: zone).history(
            paths: [
              file("dpkg.log", Array(bytes[half...])), file("dpkg.log.1", Array(bytes[..<half])),
            ], current: present, capturedAt: late
          ).imported(node: node))
      },
    ])

  static let packageStates = Decoder(
    "package-states",
    [
      Part("dpkg") { bytes in
        walk(try DebianStatusImporter().history(paths: [file("status", bytes)], node: node))
      },
      Part("apk") { bytes in
        walk(try ApkImporter().history(paths: [file("installed", bytes)], node: node))
      },
      Part("pacman") { bytes in
        _ = file("pacman/local/bash-5.1-2/desc", bytes)
        _ = try PacmanDatabase.items(inFolder: Scratch.shared.path + "/import/pacman/local")
      },
    ])

  static let bills = Decoder(
    "bills",
    [
      Part("CycloneDX") { bytes in
        walk(try CycloneDXImporter().history(paths: [file("bom.json", bytes)], node: node))
      },
      Part("SPDX") { bytes in
        walk(try SPDXImporter().history(paths: [file("spdx.json", bytes)], node: node))
      },
      Part("Ansible") { bytes in
        walk(try AnsibleImporter().history(paths: [file("facts.json", bytes)], node: node))
      },
      Part("Puppet") { bytes in
        walk(try PuppetImporter().history(paths: [file("resources.json", bytes)], node: node))
      },
      Part("package URL") { _ = PackageURL(String(decoding: $0, as: UTF8.self)) },
    ])

  static let logsOfJSON = Decoder(
    "logs-of-json",
    [
      Part("osquery") { bytes in
        walk(
          try OsqueryImporter(host: nil).history(
            paths: [file("osqueryd.results.log", bytes)], node: node))
      },
      Part("Resource Data Sync") { bytes in
        let folder =
          "sync/AWS:Application/accountid=123456789012/region=eu-west-1/resourcetype=ManagedInstanceInventory"
        _ = file(folder + "/i-1.json", bytes)
        _ = try ResourceDataSyncImporter(node: nil).read(
          folders: [Scratch.shared.path + "/import/sync"]
        ) { _ in }
      },
    ])
}
