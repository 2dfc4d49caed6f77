import Inventory
import PackedBytes

// Attribute names of custom types keep the case in which they came first, as in Systems Manager:
// "Name" and "name" beside each other would be two columns of one thing.

extension Writer {
  /// The first item of a custom type that spells a known attribute in another case.
  func findOtherCase(
    _ report: CanonicalReport, _ scope: ScopeState
  ) throws(StoreError) -> ReportError? {
    for entry in report.entries where TypeDefinition.builtIn[entry.type.text] == nil {
      guard let content = entry.content else { continue }
      var spellings = try spellings(of: entry.type, scope)
      var checked: Set<[[UInt8]]> = []
      for (index, element) in content.elements.enumerated() where element.knownContent == 0 {
        let names = try decoding("report") { () throws(PackedBytesError) in
          try canonicalNames(content.bytes(of: element.piece))
        }
        guard checked.insert(names).inserted else { continue }
        for name in names {
          guard let first = spellings.add(name) else { continue }
          var error = ReportError(
            .invalidItemContent, "the type has this attribute already as \"\(first.printable)\"",
            type: entry.type.text, itemIndex: index,
            attribute: String(decoding: name, as: UTF8.self))
          error.node = report.node.text
          return error
        }
      }
    }
    return nil
  }

  /// How the attributes of a type are spelled; none once its schema was deleted.
  private func spellings(of type: TypeName, _ scope: ScopeState) throws(StoreError) -> Spellings {
    var spellings = Spellings()
    guard let number = scope.catalog.typeNumbers[type] else { return spellings }
    let row = try scope.catalog.type(number)
    guard row.deleted == 0 else { return spellings }
    for shape in row.shapes {
      for name in try scope.catalog.shape(shape) { _ = spellings.add(name) }
    }
    return spellings
  }
}

/// Names by their letters without case.
private struct Spellings {
  private var first: [[UInt8]: [UInt8]] = [:]

  /// Notes a name; the spelling that came first where that is another.
  mutating func add(_ name: [UInt8]) -> String? {
    let key = name.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
    guard let known = first[key] else {
      first[key] = name
      return nil
    }
    return known == name ? nil : String(decoding: known, as: UTF8.self)
  }
}
