import Collectors
import Inventory

/// How the rows of one of osquery's tables become items.
struct OsqueryTable: Sendable {
  let type: TypeName
  var schemaVersion = "1.0"
  /// Columns without which a row is of a query of another kind.
  var columns: [String] = []
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
      OsqueryTable(type: .application, schemaVersion: "1.1", columns: ["name", "version", "arch"]) {
        debian($0)
      }
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
      custom("PythonPackage", [("Name", "name"), ("Version", "version"), ("Path", "path")])
    ),
    (
      "npm_packages",
      custom("NodePackage", [("Name", "name"), ("Version", "version"), ("Path", "path")])
    ),
  ]

  private static func debian(_ row: [String: String]) -> Item? {
    if let status = row["status"], !status.isEmpty {
      let words = status.split(separator: " ")
      guard words.count == 3, words[1] == "ok",
        ["installed", "triggers-awaited", "triggers-pending"].contains(words[2])
      else { return nil }
    }
    let (name, version) = (row["name"] ?? "", row["version"] ?? "")
    let architecture = row["arch"] ?? ""
    return ImportedItem.item([
      "Name": AgentForm.field(name), "Version": AgentForm.field(version),
      "Architecture": AgentForm.architecture(architecture),
      "Publisher": ImportedItem.agentField(row["maintainer"]) ?? "",
      "ApplicationType": ImportedItem.agentField(row["section"]),
      "PackageId": AgentForm.packageID(
        name: name, version: version, architecture: architecture),
    ])
  }

  private static func rpm(_ row: [String: String]) -> Item? {
    let seconds = row["install_time"].flatMap { Int64($0) } ?? 0
    let installed = Instant(seconds: max(0, min(seconds, 1 << 40)))
    return ImportedItem.item([
      "Name": AgentForm.field(row["name"] ?? ""),
      "Version": AgentForm.field(row["version"] ?? ""),
      "Release": AgentForm.field(row["release"] ?? ""), "Epoch": RpmForm.epoch(row["epoch"]),
      "Architecture": row["arch"] ?? "",
      "Publisher": ImportedItem.agentField(row["vendor"]) ?? "",
      "ApplicationType": ImportedItem.agentField(row["package_group"]),
      "PackageId": ImportedItem.agentField(row["source"]),
      "InstalledTime": installed.isReportable ? installed.description : nil,
    ])
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
