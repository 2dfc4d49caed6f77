import Collectors
import Foundation
import XMLReading

/// The XML of an inventory: parts below `REQUEST/CONTENT`, each with fields of text.
enum OCSDocument {
  /// The elements of each wanted part, as their fields by name.
  typealias Sections = [String: [[String: String]]]

  /// Reads a file, plain or packed by gzip; throws what names the file and the line.
  ///
  /// What a terminal shows before the document is skipped.
  static func sections(ofFileAt path: String) throws(CollectorError) -> Sections {
    let bytes = try CompressedFile.bytes(ofFileAt: path, atMost: ImportLimits.documentBytes)
    let data = Data(bytes)
    let start = data.range(of: Data("<?xml".utf8)) ?? data.range(of: Data("<REQUEST".utf8))
    guard let start else { throw CollectorError("\(path) is no inventory in XML") }
    let handler = OCSHandler()
    let reader = XMLReader(handler, limits: ImportLimits.xml)
    do throws(XMLFault) {
      try reader.take(Array(bytes[start.lowerBound...]))
      try reader.finish()
    } catch {
      let skipped = bytes[..<start.lowerBound].count { $0 == 0x0a }
      throw CollectorError("\(path) line \(error.line + skipped): \(error.reason)")
    }
    guard handler.isInventory else { throw CollectorError("\(path) is no inventory in XML") }
    return handler.sections
  }
}

/// Puts the fields of each part together.
private final class OCSHandler: XMLHandler {
  /// The parts that are kept.
  private static let wanted: Set<String> = [
    "ACCESSLOG", "HARDWARE", "LOCAL_USERS", "NETWORKS", "OPERATINGSYSTEM", "SOFTWARES",
  ]

  private(set) var sections: OCSDocument.Sections = [:]
  /// Whether there is a `REQUEST/CONTENT`.
  private(set) var isInventory = false
  private var depth = 0
  private var fields: [String: String] = [:]

  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest {
    switch depth {
    case 0: guard name == "REQUEST" else { return .nothing }
    case 1:
      guard name == "CONTENT" else { return .nothing }
      isInventory = true
    case 2:
      guard Self.wanted.contains(name) else { return .nothing }
      fields = [:]
    default:
      depth += 1
      return .text
    }
    depth += 1
    return .children
  }

  func ends(_ name: String, text: String) {
    depth -= 1
    if depth == 3, fields[name] == nil {
      fields[name] = text.trimmingCharacters(in: .whitespacesAndNewlines)
    } else if depth == 2 {
      sections[name, default: []].append(fields)
    }
  }
}
