import Collectors
public import Inventory

/// The packages that pacman has installed, for ``PacmanLogImporter``.
public enum PacmanDatabase {
  /// One item for each package, from `NAME-VERSION/desc` in a folder `var/lib/pacman/local`.
  ///
  /// Throws a ``CollectorError`` where the folder or a file cannot be read, or a file names no
  /// package: a package left out would count as removed.
  public static func items(inFolder folder: String) throws -> [Item] {
    try FileTree.files(below: folder).filter { $0.hasSuffix("/desc") }.map { path in
      guard let item = item(try CompressedFile.bytes(ofFileAt: path)) else {
        throw CollectorError("\(path) has no name or no version")
      }
      return item
    }
  }

  private static func item(_ bytes: [UInt8]) -> Item? {
    var fields: [String: String] = [:]
    var name: String?
    for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
      let text = String(decoding: line, as: UTF8.self)
      if text.count > 2, text.hasPrefix("%"), text.hasSuffix("%") {
        name = text
      } else if let field = name {
        // Of a field with several lines the first is enough here.
        fields[field] = text
        name = nil
      }
    }
    guard let name = fields["%NAME%"], let version = fields["%VERSION%"] else { return nil }
    let seconds = fields["%INSTALLDATE%"].flatMap { Int64($0) } ?? 0
    let installed = Instant(seconds: max(0, min(seconds, 1 << 40)))
    return ImportedItem.item([
      "Name": AgentForm.field(name), "Version": AgentForm.field(version),
      "Architecture": fields["%ARCH%"] ?? "",
      "Publisher": ImportedItem.agentField(fields["%PACKAGER%"]) ?? "",
      "Summary": ImportedItem.agentField(fields["%DESC%"]),
      "URL": ImportedItem.agentField(fields["%URL%"]),
      "InstalledTime": installed.isReportable ? installed.description : nil,
    ])
  }
}
