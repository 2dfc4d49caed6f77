import Inventory
import Packages

/// The packages in rpm's database, as rpm itself prints them.
///
/// The database has had three forms in ten years, so rpm reads it: one process for all packages.
struct RPMPackages: PackageSource {
  private static let folders = ["var/lib/rpm", "usr/lib/sysimage/rpm"]
  private static let files = ["rpmdb.sqlite", "Packages.db", "Packages"]
  private static let fields = [
    "NAME", "VERSION", "RELEASE", "EPOCH", "ARCH", "VENDOR", "GROUP", "URL", "SOURCERPM",
    "INSTALLTIME", "SUMMARY",
  ]

  func isThere(on machine: Machine) -> Bool { Self.folder(on: machine) != nil }

  private static func folder(on machine: Machine) -> String? {
    folders.first { folder in files.contains { machine.exists("\(folder)/\($0)") } }
  }

  func packages(on machine: Machine) throws -> [Item] { try machine.rpmPackages() }

  /// A package that something else than rpmbuild made may name no source.
  func sources(on machine: Machine) throws -> [Item]? {
    try machine.rpmPackages().compactMap(Self.source)
  }

  /// The item of the source of a package, given as the item that it has.
  static func source(of item: Item) -> Item? {
    SourcePackage(rpmFile: item["PackageId"] ?? "").map(item.withSource)
  }

  /// The same without looking whether it was done before.
  static func read(on machine: Machine) throws -> [Item] {
    let program = ["/usr/bin/rpm", "/bin/rpm"].first { Machine().exists(String($0.dropFirst())) }
    guard let folder = folder(on: machine) else { return [] }
    guard let program else {
      throw CollectorError("there is a database of rpm, but no /usr/bin/rpm to read it with")
    }
    let format = fields.map { "%{\($0)}" }.joined(separator: "\\t") + "\\n"
    let output = try Tool(
      path: program,
      // The folder that a build of rpm takes by itself differs: Debian's takes one in the home.
      arguments: ["--root", machine.path(""), "--dbpath", "/" + folder, "-qa", "--qf", format],
      limits: .init(secondsMax: 25, outputBytesMax: 64 << 20)
    ).output()
    return output.split(separator: 0x0a).compactMap { line in
      item(String(decoding: line, as: UTF8.self))
    }.sorted { ($0["Name"] ?? "", $0["Version"] ?? "") < ($1["Name"] ?? "", $1["Version"] ?? "") }
  }

  /// A line in the agent's form; keys of signatures, which rpm lists beside packages, are none.
  static func item(_ line: String) -> Item? {
    let words = line.split(separator: "\t", maxSplits: 10, omittingEmptySubsequences: false)
      .map { $0 == "(none)" ? "" : String($0) }
    guard words.count == 11, words[0] != "gpg-pubkey" else { return nil }
    var values = [
      "Name": AgentForm.field(words[0]), "Version": AgentForm.field(words[1]),
      "Publisher": AgentForm.field(words[5]), "Architecture": AgentForm.architecture(words[4]),
    ]
    let optional = [
      "Release": words[2], "Epoch": words[3], "ApplicationType": words[6], "URL": words[7],
      "PackageId": words[8], "Summary": words[10],
    ]
    for (name, value) in optional where !value.isEmpty { values[name] = AgentForm.field(value) }
    values["InstalledTime"] = Int64(words[9]).map { Instant(seconds: $0).description }
    return Item(values)
  }
}

/// Whether a machine has a database of rpm.
package func hasRPMDatabase(_ machine: Machine) -> Bool { RPMPackages().isThere(on: machine) }
