import Inventory
import JSONTape

/// The snaps that snapd has installed, read from its own state.
///
/// The version stands in the snap's own description, which is there while the snap is mounted.
struct SnapPackages: PackageSource {
  private static let path = "var/lib/snapd/state.json"
  private static let bytesMax = 64 << 20

  func isThere(on machine: Machine) -> Bool { machine.exists(Self.path) }

  func packages(on machine: Machine) throws -> [Item] {
    let bytes = try machine.bytes(of: Self.path, max: Self.bytesMax)
    let state: JSONValue
    do { state = try JSONValue(parsing: bytes) } catch {
      throw CollectorError("\(machine.path(Self.path)) is not JSON: \(error)")
    }
    let snaps = state["data"]?["snaps"]?.members ?? []
    return snaps.compactMap { snap in
      guard snap.value["active"] == .bool(true), let revision = snap.value["current"]?.plain else {
        return nil
      }
      let name = String(snap.name)
      let description = Self.description(of: "snap/\(name)/\(revision)/meta/snap.yaml", machine)
      var values = [
        "Name": AgentForm.field(name), "Version": AgentForm.field(description["version"] ?? ""),
        "Release": revision, "ApplicationType": "snap", "PackageId": "\(name)_\(revision).snap",
        "Publisher": "",
      ]
      values["Summary"] = description["summary"].map(AgentForm.field)
      return Item(values)
    }.sorted { ($0["Name"] ?? "") < ($1["Name"] ?? "") }
  }

  /// Lines `name: value` at the left edge, without quotation marks.
  private static func description(of path: String, _ machine: Machine) -> [String: String] {
    var fields: [String: String] = [:]
    for line in (machine.text(of: path) ?? "").split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":"), line.first?.isLetter == true else { continue }
      let value = line[line.index(after: colon)...].trimmed
      fields[String(line[..<colon])] = value.filter { $0 != "\"" && $0 != "'" }
    }
    return fields
  }
}

extension JSONValue {
  /// A text or a number as text.
  var plain: String? {
    switch self {
    case .string(let text): text
    case .integer, .number: compact
    default: nil
    }
  }
}
