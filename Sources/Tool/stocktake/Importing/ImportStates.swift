import Times
import ArgumentParser
import Importers
import Inventory

/// Files that are each a state at one time, and logs of such.
extension Import {
  struct DebianPackages: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "debian-packages",
      abstract: "Take copies of dpkg's status file as full states at their dates.",
      discussion: """
        Debian keeps such copies in /var/backups. A copy's date is when it was last written.

        EXAMPLES
          stocktake import debian-packages /var/backups/dpkg.status.*
          stocktake import debian-packages dpkg.status --at 2020-02-28T06:25:00Z
        """)

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try DebianStatusImporter(at: options.givenTime()).history(paths: options.files, node: node)
    }
  }

  struct Apk: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "apk",
      abstract: "Take Alpine's database of packages as a full state at its date.",
      discussion: """
        EXAMPLES
          stocktake import apk /lib/apk/db/installed --node alpine-1
        """)

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try ApkImporter(at: options.givenTime()).history(paths: options.files, node: node)
    }
  }

  struct Osquery: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "osquery",
      abstract: "Take osquery's log of results, snapshots and differences.",
      discussion: """
        EXAMPLES
          stocktake import osquery /var/log/osquery/osqueryd.results.log
          stocktake import osquery all.log --host web-1.example.org --node web-1
        """)

    @Option(help: "Only lines of this hostIdentifier. Default: all; one node's log has one.")
    var host: String?

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try OsqueryImporter(host: host).history(paths: options.files, node: node)
    }
  }

  struct AgentXML: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "fusioninventory",
      abstract: "Take inventories of the agents of FusionInventory, OCS (XML) and GLPI (JSON).",
      discussion: """
        EXAMPLES
          stocktake import fusioninventory web-1.ocs --node web-1
          stocktake import ocsinventory web-1.ocs --node web-1
          stocktake import glpi web-1.json --node web-1
        """,
      aliases: ["ocsinventory", "glpi"])

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try OCSImporter(timeZone: zone.foundationZone, at: options.givenTime()).history(
        paths: options.files, node: node)
    }
  }

  struct CycloneDX: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "cyclonedx",
      abstract: "Take CycloneDX bills of materials (JSON) of a host or an image.",
      discussion: """
        EXAMPLES
          stocktake import cyclonedx host.cdx.json --node web-1
        """)

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try CycloneDXImporter(timeZone: zone.foundationZone, at: options.givenTime()).history(
        paths: options.files, node: node)
    }
  }

  struct SPDX: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "spdx",
      abstract: "Take SPDX documents (JSON) of a host or an image.",
      discussion: """
        EXAMPLES
          stocktake import spdx image.spdx.json --node registry/app
        """)

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try SPDXImporter(timeZone: zone.foundationZone, at: options.givenTime()).history(
        paths: options.files, node: node)
    }
  }
}
