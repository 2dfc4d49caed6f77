import Collectors
import Inventory

/// A package URL: `pkg:type/namespace/name@version?qualifiers#subpath`.
struct PackageURL: Hashable, Sendable {
  var type: String
  var namespace: String?
  var name: String
  var version: String?
  var qualifiers: [String: String] = [:]

  /// Reads a package URL; nil where it has no type or no name.
  init?(_ text: String) {
    guard text.utf8.count <= ReportLimits.default.attributeValueLengthMax,
      text.lowercased().hasPrefix("pkg:")
    else { return nil }
    var rest = Substring(text.dropFirst(4)).drop { $0 == "/" }
    if let hash = rest.lastIndex(of: "#") { rest = rest[..<hash] }
    if let mark = rest.lastIndex(of: "?") {
      for pair in rest[rest.index(after: mark)...].split(separator: "&") {
        let sides = pair.split(separator: "=", maxSplits: 1)
        guard sides.count == 2 else { continue }
        qualifiers[sides[0].lowercased()] = Self.decoded(sides[1])
      }
      rest = rest[..<mark]
    }
    guard let slash = rest.firstIndex(of: "/"), slash > rest.startIndex else { return nil }
    type = rest[..<slash].lowercased()
    rest = rest[rest.index(after: slash)...]
    // An @ before the last slash is that of a scope which should have been encoded.
    if let at = rest.lastIndex(of: "@"), !rest[at...].contains("/"), at > rest.startIndex {
      version = Self.decoded(rest[rest.index(after: at)...])
      rest = rest[..<at]
    }
    let parts = rest.split(separator: "/").map(Self.decoded)
    guard let last = parts.last, !last.isEmpty else { return nil }
    name = last
    namespace = parts.count > 1 ? parts.dropLast().joined(separator: "/") : nil
    if version?.isEmpty == true { version = nil }
  }

  /// A text without percent signs; bytes that are no UTF-8 become U+FFFD.
  private static func decoded(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8
    while let byte = rest.first {
      rest = rest.dropFirst()
      if byte == 0x25, rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// A package of a bill of materials.
struct BillPackage {
  var url: PackageURL
  /// What the bill says besides.
  var publisher: String?
  var summary: String?
  var homepage: String?

  /// The inventory type; nil for kinds of packages that no type is for.
  var type: TypeName? {
    switch url.type {
    case "deb", "rpm", "apk", "alpm": .application
    case "pypi": TypeName(stored: "Custom:PythonPackage")
    case "npm": TypeName(stored: "Custom:NodePackage")
    default: nil
    }
  }

  /// The item; as the collectors write it.
  var item: Item {
    let version = url.version ?? ""
    switch url.type {
    case "pypi":
      let name = url.name.lowercased().replacing("_", with: "-")
      return ImportedItem.item(["Name": name, "Version": version, "Path": ""])
    case "npm":
      let name = (url.namespace.map { $0 + "/" } ?? "") + url.name
      return ImportedItem.item(["Name": name, "Version": version, "Path": ""])
    default: return application(version)
    }
  }

  private func application(_ version: String) -> Item {
    let architecture = url.qualifiers["arch"] ?? ""
    var values: [String: String?] = [
      "Name": AgentForm.field(url.name), "Version": AgentForm.field(version),
      "Architecture": AgentForm.architecture(architecture),
      "Publisher": ImportedItem.agentField(publisher) ?? "",
      "Summary": ImportedItem.agentField(summary), "URL": ImportedItem.agentField(homepage),
    ]
    if url.type == "deb" {
      values["PackageId"] = AgentForm.packageID(
        name: url.name, version: version, architecture: architecture)
    }
    if url.type == "rpm" {
      let dash = version.lastIndex(of: "-") ?? version.endIndex
      values["Version"] = AgentForm.field(String(version[..<dash]))
      values["Release"] = AgentForm.field(String(version[dash...].dropFirst()))
      values["Epoch"] = RpmForm.epoch(url.qualifiers["epoch"])
    }
    return ImportedItem.item(values)
  }
}
