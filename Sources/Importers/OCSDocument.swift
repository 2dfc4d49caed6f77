import Collectors
import Foundation

/// The XML of an inventory: parts below `REQUEST/CONTENT`, each with fields of text.
enum OCSDocument {
  /// The elements of each wanted part, as their fields by name.
  typealias Sections = [String: [[String: String]]]

  /// The parts that are kept.
  private static let wanted: Set<String> = [
    "ACCESSLOG", "HARDWARE", "LOCAL_USERS", "NETWORKS", "OPERATINGSYSTEM", "SOFTWARES",
  ]

  /// Reads a file, plain or packed by gzip; throws what names the file and the line.
  ///
  /// What a terminal shows before the document is skipped.
  static func sections(ofFileAt path: String) throws(CollectorError) -> Sections {
    let bytes = try CompressedFile.bytes(ofFileAt: path, atMost: ImportLimits.documentBytes)
    let data = Data(bytes)
    let start = data.range(of: Data("<?xml".utf8)) ?? data.range(of: Data("<REQUEST".utf8))
    guard let start else { throw CollectorError("\(path) is no inventory in XML") }
    do throws(XMLScanner.Fault) {
      if let sections = try sections(XMLScanner(Array(bytes[start.lowerBound...]))) {
        return sections
      }
    } catch {
      let skipped = bytes[..<start.lowerBound].count { $0 == 0x0a }
      throw CollectorError("\(path) line \(error.line + skipped): \(error.reason)")
    }
    throw CollectorError("\(path) is no inventory in XML")
  }

  /// Nil where there is no `REQUEST/CONTENT`.
  private static func sections(_ scanner: XMLScanner) throws(XMLScanner.Fault) -> Sections? {
    var scanner = scanner
    var sections: Sections = [:]
    var isInventory = false
    var path: [String] = []
    var fields: [String: String] = [:]
    var text = ""
    while let event = try scanner.next() {
      switch event {
      case .start(let name):
        path.append(name)
        if path.count == 2, path == ["REQUEST", "CONTENT"] { isInventory = true }
        if path.count == 3 { fields = [:] }
        if path.count == 4 { text = "" }
      case .text(let part):
        if path.count == 4 { text += part }
      case .end(let name):
        path.removeLast()
        guard path.first == "REQUEST", path.dropFirst().first == "CONTENT" else { continue }
        if path.count == 3, fields[name] == nil {
          fields[name] = text.trimmingCharacters(in: .whitespacesAndNewlines)
        } else if path.count == 2, wanted.contains(name) {
          sections[name, default: []].append(fields)
        }
      }
    }
    return isInventory ? sections : nil
  }
}
