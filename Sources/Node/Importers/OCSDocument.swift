import Collectors
import Foundation
import XML

/// The XML of an inventory: parts below `REQUEST/CONTENT`, each with fields of text.
enum OCSDocument {
  /// Where the document begins; nil where there is none.
  static func start(in bytes: [UInt8]) -> Int? {
    let data = Data(bytes)
    return (data.range(of: Data("<?xml".utf8)) ?? data.range(of: Data("<REQUEST".utf8)))?.lowerBound
  }

  /// Reads the parts that are wanted; throws what names the file and the line.
  ///
  /// Characters that XML does not have are replaced, which becomes a warning. `isDeclared` says whether
  /// the text is in the encoding that it declares.
  static func sections(
    in bytes: [UInt8], from start: Int, path: String, isDeclared: Bool, _ warnings: inout Warnings
  ) throws(CollectorError) -> AgentInventory.Sections {
    let skipped = bytes[..<start].count { $0 == 0x0a }
    var rest = bytes[start...]
    // UTF-16 has become UTF-8, which is what counts where nothing is declared.
    if !isDeclared { rest = rest.drop(while: { $0 != 0x3e }).dropFirst() }
    let text = RepairedText(
      rest, .xml, isUTF8: !isDeclared || isUTF8(rest), firstLine: skipped + 1)
    let handler = OCSHandler()
    let reader = XMLReader(handler, limits: ImportLimits.xml)
    do throws(XMLFault) {
      try reader.take(text.bytes)
      try reader.finish()
    } catch {
      throw CollectorError("\(path) line \(error.line + skipped): \(error.reason)")
    }
    guard handler.isInventory else { throw CollectorError("\(path) is no inventory in XML") }
    if let lines = text.lines.text {
      warnings.add("\(path): lines with characters that XML does not have, replaced: \(lines)")
    }
    return handler.sections
  }

  /// Whether a document declares UTF-8, or nothing.
  private static func isUTF8(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.starts(with: Array("<?xml".utf8)) else { return true }
    let line = String(decoding: bytes.prefix(200).prefix { $0 != 0x3e }, as: UTF8.self).lowercased()
    guard let name = line.firstRange(of: "encoding") else { return true }
    let rest = line[name.upperBound...]
    return rest.contains("utf-8") || rest.contains("utf8")
  }
}

/// Puts the fields of each part together.
private final class OCSHandler: XMLHandler {
  private(set) var sections: AgentInventory.Sections = [:]
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
      guard AgentInventory.wanted.contains(name) else { return .nothing }
      fields = [:]
    case 3 where name == "TIMEZONE": break
    default:
      depth += 1
      return .text
    }
    depth += 1
    return .children
  }

  func ends(_ name: String, text: String) {
    depth -= 1
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    switch depth {
    case 4: fields["TIMEZONE.\(name)"] = text
    case 3 where name == "MEMBER": fields[name] = fields[name].map { "\($0),\(text)" } ?? text
    case 3 where fields[name] == nil: fields[name] = text
    case 2: sections[name, default: []].append(fields)
    default: break
    }
  }
}
