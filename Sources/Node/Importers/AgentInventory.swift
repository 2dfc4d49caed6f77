import Collectors
import Inventory
import JSONTape
import XML

/// The inventory of an agent of OCS, FusionInventory or GLPI: parts, each with fields of text.
///
/// The XML of the older agents and the JSON of GLPI's have the same parts and fields, in capital letters
/// there and in small ones here; both become those in capital letters. A field inside another has
/// both names, `TIMEZONE.OFFSET`.
struct AgentInventory {
  /// The elements of each wanted part, as their fields by name.
  typealias Sections = [String: [[String: String]]]

  /// The parts that are kept.
  static let wanted: Set<String> = [
    "ACCESSLOG", "HARDWARE", "LOCAL_GROUPS", "LOCAL_USERS", "NETWORKS", "OPERATINGSYSTEM",
    "SOFTWARES",
  ]

  var sections: Sections = [:]
  /// Whether the agent says that it sent only some of what it has.
  var isPartial = false

  /// Reads a file, plain or packed; throws what names the file and the line.
  ///
  /// What a terminal shows before the document is skipped.
  static func read(
    _ path: String, _ warnings: inout Warnings
  ) throws(CollectorError) -> AgentInventory {
    let packed = try CompressedFile.bytes(ofFileAt: path, atMost: ImportLimits.documentBytes)
    let bytes = ByteOrderMark.removed(from: packed)
    if let start = OCSDocument.start(in: bytes) {
      return AgentInventory(
        sections: try OCSDocument.sections(
          in: bytes, from: start, path: path, isDeclared: !ByteOrderMark.isUTF16(packed),
          &warnings))
    }
    guard bytes.first(where: { !isBlank($0) }) == UInt8(ascii: "{") else {
      throw CollectorError("\(path) is no inventory in XML or JSON")
    }
    return try AgentInventory(
      JSONDocument.value(of: bytes[...], path: path, &warnings), path: path)
  }

  private init(sections: Sections) { self.sections = sections }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0d).contains(byte)
  }

  /// Takes the JSON that GLPI's agent writes.
  ///
  /// Source of the form: glpi-project/inventory_format, inventory.schema.json.
  private init(_ document: JSONValue, path: String) throws(CollectorError) {
    guard let content = document["content"]?.members else {
      throw CollectorError("\(path) is no inventory in JSON: it has no content")
    }
    if let action = document["action"]?.string, action != "inventory" {
      throw CollectorError("\(path) is no inventory of a computer, but \(action.printable)")
    }
    if let kind = document["itemtype"]?.string, kind != "Computer" {
      throw CollectorError("\(path) is no inventory of a computer, but of \(kind.printable)")
    }
    isPartial = document["partial"] == .bool(true)
    for part in content {
      let name = part.name.uppercased()
      guard Self.wanted.contains(name) else { continue }
      // One of a kind is an object, the others are lists.
      let elements = part.value.elements ?? [part.value]
      sections[name, default: []] += elements.compactMap(\.members).map { members in
        var fields: [String: String] = [:]
        for member in members { Self.add(member.value, named: member.name, to: &fields) }
        return fields
      }
    }
  }

  private static func add(
    _ value: JSONValue, named name: String, to fields: inout [String: String]
  ) {
    let name = name.uppercased()
    switch value {
    case .object(let members):
      for member in members {
        fields["\(name).\(member.name.uppercased())"] = member.value.plainText
      }
    case .array(let values):
      fields[names[name] ?? name] = values.compactMap(\.plainText).joined(separator: ",")
    case .bool(let isTrue): fields[name] = isTrue ? "1" : "0"
    default: fields[names[name] ?? name] = value.plainText
    }
  }

  /// What is called otherwise in JSON.
  private static let names = ["MAC": "MACADDR", "MEMBERS": "MEMBER"]
}
