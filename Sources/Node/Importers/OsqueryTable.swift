import Collectors
import Inventory

/// How the rows of one of osquery's tables become items.
struct OsqueryTable: Sendable {
  let type: TypeName
  var schemaVersion = "1.0"
  /// Columns without which a row is of a query of another kind.
  var columns: [String] = []
  /// Whether an item of a name and an architecture can be there only once.
  var isUnique = false
  /// The item of a row; nil for a row that is no item.
  let item: @Sendable ([String: String]) -> Item?

  /// The table that a query asks; by the last part of its name, `pack/it/users`, and its columns as
  /// far as there is a row.
  static func of(query: String, columns: [String: String]?) -> OsqueryTable {
    for (name, table) in known {
      let isNamed =
        query == name || query.hasSuffix("/" + name)
        || (query.hasPrefix("pack") && query.hasSuffix("_" + name))
      if isNamed, table.columns.allSatisfy({ columns == nil || columns?[$0] != nil }) {
        return table
      }
    }
    return OsqueryTable(type: customType(query)) { ImportedItem.item($0.mapValues { $0 }) }
  }

  /// `Custom:Osquery.NAME`, of other characters than letters, digits, `.`, `_` and `-` none left.
  private static func customType(_ query: String) -> TypeName {
    let name = query.unicodeScalars.map { scalar in
      let isPlain = scalar.isASCII && scalar.properties.isAlphabetic
      return isPlain || ("0"..."9").contains(scalar) || "._-".unicodeScalars.contains(scalar)
        ? Character(scalar) : "_"
    }
    let room = ReportLimits.typeNameLengthMax - "Custom:Osquery.".count
    return TypeName(stored: "Custom:Osquery." + String(name.prefix(room)))
  }

  private static func custom(
    _ type: String, _ attributes: [(String, String)]
  ) -> OsqueryTable {
    OsqueryTable(
      type: TypeName(stored: "Custom:" + type), columns: attributes.map(\.1)
    ) { row in
      var values: [String: String?] = [:]
      for (name, column) in attributes { values[name] = row[column] }
      return ImportedItem.item(values)
    }
  }

  // What moves by itself (processes, sizes, counts of users) is left out.
  private static let known: [(String, OsqueryTable)] = [
    (
      "deb_packages",
      OsqueryTable(
        type: .application, schemaVersion: "1.1", columns: ["name", "version", "arch"],
        isUnique: true
      ) { debian($0) }
    ),
    (
      "rpm_packages",
      OsqueryTable(
        type: .application, schemaVersion: "1.1", columns: ["name", "version", "release", "arch"]
      ) { rpm($0) }
    ),
    (
      "users",
      custom(
        "User",
        [
          ("Name", "username"), ("Uid", "uid"), ("Gid", "gid"), ("FullName", "description"),
          ("Home", "directory"), ("Shell", "shell"),
        ])
    ),
    ("groups", custom("Group", [("Name", "groupname"), ("Gid", "gid")])),
    (
      "listening_ports",
      OsqueryTable(
        type: TypeName(stored: "Custom:ListeningPort"), columns: ["port", "protocol", "address"]
      ) { port($0) }
    ),
    (
      "kernel_modules",
      custom("KernelModule", [("Name", "name"), ("Size", "size"), ("State", "status")])
    ),
    (
      "mounts",
      custom(
        "Mount",
        [("Source", "device"), ("Name", "path"), ("FileSystem", "type"), ("Options", "flags")])
    ),
    (
      "python_packages",
      OsqueryTable(
        type: PackageKind.python.type, columns: ["name", "version", "path"]
      ) { ofLanguage($0, .python) }
    ),
    (
      "npm_packages",
      OsqueryTable(
        type: PackageKind.node.type, columns: ["name", "version", "path"]
      ) { ofLanguage($0, .node) }
    ),
  ]

  private static func debian(_ row: [String: String]) -> Item? {
    if let status = row["status"], !status.isEmpty {
      let words = status.split(separator: " ")
      guard words.count == 3, words[1] == "ok",
        ["installed", "triggers-awaited", "triggers-pending"].contains(words[2])
      else { return nil }
    }
    var package = package(.debian, row)
    package.publisher = row["maintainer"]
    package.section = row["section"]
    return package.item
  }

  private static func rpm(_ row: [String: String]) -> Item? {
    var package = package(.rpm, row)
    package.release = row["release"] ?? ""
    package.epoch = row["epoch"]
    package.publisher = row["vendor"]
    package.section = row["package_group"]
    package.sourceFile = row["source"]
    guard package.isInstalled else { return nil }
    let seconds = row["install_time"].flatMap { Int64($0) } ?? 0
    let installed = Instant(seconds: max(0, min(seconds, 1 << 40)))
    guard installed.isReportable else { return package.item }
    return Item(
      package.item.attributes.map { (key: $0.name, value: $0.value) }
        + [(key: "InstalledTime", value: installed.description)])
  }

  private static func package(_ kind: PackageKind, _ row: [String: String]) -> ForeignPackage {
    var package = ForeignPackage(kind, name: row["name"] ?? "", version: row["version"] ?? "")
    package.architecture = row["arch"] ?? ""
    return package
  }

  private static func ofLanguage(_ row: [String: String], _ kind: PackageKind) -> Item? {
    var package = package(kind, row)
    let path = row["path"] ?? ""
    // The path is that of the package's description, or the folder of all packages.
    package.path = PackageFolder.one(of: kind, name: package.name, file: path) ?? path
    return package.item
  }

  private static func port(_ row: [String: String]) -> Item? {
    // Sockets of the local machine have neither port nor address.
    guard row["port"] != "0" else { return nil }
    let protocols = ["6": "tcp", "17": "udp"]
    return ImportedItem.item([
      "Protocol": row["protocol"].map { protocols[$0] ?? $0 }, "Address": row["address"],
      "Port": row["port"],
    ])
  }
}
