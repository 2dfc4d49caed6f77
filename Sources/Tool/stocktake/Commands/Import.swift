import ArgumentParser

/// The command `stocktake import`.
struct Import: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Learn a node's past from traces that other programs left.",
    discussion: """
      What is imported is marked so, and lies at the time at which it was true. Importing the same \
      again changes nothing. Local times without a zone are read in --time-zone. Packed files (.gz) \
      are read too, in any order. Reports as JSON Lines are taken by "stocktake ingest".

      EXAMPLES
        stocktake import dpkg-log /var/log/dpkg.log*
        stocktake import debian-packages /var/backups/dpkg.status.* --dry-run
        stocktake import apt-history /var/log/apt/history.log*
        stocktake import osquery osqueryd.results.log --node web-1
        stocktake import cyclonedx image.cdx.json --node registry/app
        stocktake import resource-data-sync ./bucket-copy
      """,
    subcommands: [
      DpkgLog.self, DebianPackages.self, AptHistory.self, RpmLog.self, PacmanLog.self, Apk.self,
      Osquery.self, AgentXML.self, CycloneDX.self, SPDX.self, Ansible.self, Puppet.self,
      ResourceDataSync.self, AWS.self,
    ])
}
