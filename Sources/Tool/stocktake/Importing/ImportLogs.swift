import ArgumentParser
import Collectors
import Foundation
import Importers
import Inventory
import Terminal
import Times

/// Logs that package managers keep.
extension Import {
  struct DpkgLog: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "dpkg-log",
      abstract: "Replay dpkg's logs backwards from what is installed now.",
      discussion: """
        Packages older than the log are in the answers; what the log cannot know stays unknown.

        EXAMPLES
          stocktake import dpkg-log /var/log/dpkg.log*
          stocktake import dpkg-log --time-zone Europe/Berlin /var/log/dpkg.log
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) async throws -> ImportedHistory {
      let machine = options.machine.machine
      guard DpkgPackages().isThere(on: machine) else {
        throw CommandFailure(
          .badInput,
          "\(machine.root) has no var/lib/dpkg/status; a log is replayed backwards from what is"
            + " installed: name the machine's root with --root DIR")
      }
      let items = try await installed(machine)
      return try DpkgLogImporter(timeZone: zone.foundationZone).history(
        paths: options.files, current: items, capturedAt: Instant(seconds: Instant.now.seconds)
      ).imported(node: node)
    }
  }

  struct AptHistory: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "apt-history",
      abstract: "Take apt's transactions: who ran what, and what came of it.",
      discussion: """
        They become items of Custom:AptTransaction.

        EXAMPLES
          stocktake import apt-history /var/log/apt/history.log*
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try AptHistoryImporter(timeZone: zone.foundationZone).history(
        paths: options.files, node: node)
    }
  }

  struct RpmLog: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "rpm",
      abstract: "Replay the logs and histories of dnf, dnf 5 and yum.",
      discussion: """
        Backwards from what is installed, where the machine has rpm's database; else forwards from \
        the log's beginning. Log and history together know most: the log has the second of each \
        package, the history has who ran what and why, which becomes Custom:DnfTransaction. Lines of \
        yum.log have no year: it is worked out backwards from when the file was last written, or --at.

        EXAMPLES
          stocktake import rpm /var/log/dnf.rpm.log* /var/lib/dnf/history.sqlite
          stocktake import rpm /usr/lib/sysimage/libdnf5/transaction_history.sqlite
          stocktake import rpm yum.log --at 2019-12-31 --node old-1 --root ./old-1
        """,
      aliases: ["yum", "yum-log", "dnf", "dnf5"])

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) async throws -> ImportedHistory {
      let machine = options.machine.machine
      // Another package manager's packages, those of a server that keeps logs, say nothing of these.
      let items = hasRPMDatabase(machine) ? try await installed(machine) : nil
      return try RpmImporter(
        timeZone: zone.foundationZone, at: options.givenTime()
      ).imported(
        paths: options.files, current: items, capturedAt: Instant(seconds: Instant.now.seconds),
        node: node)
    }
  }

  struct PacmanLog: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "pacman-log",
      abstract: "Replay pacman's log.",
      discussion: """
        Backwards from what is installed, where the machine has pacman's database; else forwards \
        from the log's beginning.

        EXAMPLES
          stocktake import pacman-log /var/log/pacman.log --node arch-1
        """)

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      let folder = options.machine.root + "/var/lib/pacman/local"
      let isThere = FileManager.default.fileExists(atPath: folder)
      return try PacmanLogImporter(timeZone: zone.foundationZone).history(
        paths: options.files,
        current: isThere ? try PacmanDatabase.items(inFolder: folder) : nil,
        capturedAt: Instant(seconds: Instant.now.seconds)
      ).imported(node: node)
    }
  }
}

/// What is installed now, which a log is replayed from.
private func installed(_ machine: Machine) async throws -> [Item] {
  var plan = CollectionPlan()
  plan.types = [.application]
  let result = await collect(plan, node: try NodeID("here"), at: .now, machine: machine)
  guard let items = result.collected.first?.items else {
    throw CommandFailure(.badInput, result.failures.map(\.description).joined(separator: "; "))
  }
  return items
}
