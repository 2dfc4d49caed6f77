import Times
import ArgumentParser
import Importers
import Inventory

/// Facts that programs which configure machines keep of their packages.
extension Import {
  struct Ansible: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "ansible",
      abstract: "Take Ansible's facts of packages (package_facts, JSON) as full states.",
      discussion: """
        Files of --tree or of the cache jsonfile, the output of a run or of the callback json, or the \
        variable ansible_facts.packages. The time is that of ansible_date_time, where it was gathered.

        EXAMPLES
          ansible web-1 -m package_facts --tree facts
          stocktake import ansible facts/web-1 --node web-1
        """)

    @Option(help: "Only facts of this host. Default: all; one node's facts are of one.")
    var host: String?

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try AnsibleImporter(
        host: host, timeZone: zone.foundationZone, at: options.givenTime()
      ).history(paths: options.files, node: node)
    }
  }

  struct Puppet: FileImport {
    static let configuration = CommandConfiguration(
      commandName: "puppet",
      abstract: "Take the packages that Puppet knows (JSON) as full states.",
      discussion: """
        Resources of the type package, facts with the inventory of packages, or the answer of PuppetDB's \
        package-inventory.

        EXAMPLES
          puppet resource package --to_json >packages.json
          stocktake import puppet packages.json --node web-1
          stocktake import puppet inventory.json --host web-1.example.org --node web-1
        """)

    @Option(help: "Only packages of this certname. Default: all; one node's packages have one.")
    var host: String?

    static let takesTime = true

    @OptionGroup var options: ImportOptions

    func history(of node: NodeID, _ zone: Zone) throws -> ImportedHistory {
      try PuppetImporter(
        host: host, timeZone: zone.foundationZone, at: options.givenTime()
      ).history(paths: options.files, node: node)
    }
  }
}
