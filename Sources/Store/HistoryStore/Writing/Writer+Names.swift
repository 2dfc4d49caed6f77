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

// Every list of attribute names that an item has had is kept in memory: a shape.

extension Writer {
  /// Lists of attribute names of a type at most: far more than items of one kind have.
  static let shapesMax = 4096
  /// Lists of attribute names in a scope at most.
  static let scopeShapesMax = 1 << 16

  /// The first type that would come to more lists of attribute names than it, or its scope, may have.
  func findExcessOfShapes(
    _ report: CanonicalReport, _ scope: ScopeState
  ) throws(StoreError) -> ReportError? {
    let inScope = Int(scope.row.nextShape) - 1
    var new: Set<[[UInt8]]> = []
    for entry in report.entries {
      guard let content = entry.content else { continue }
      var known: Set<UInt32> = []
      if let number = scope.catalog.typeNumbers[entry.type] {
        known = Set(try scope.catalog.type(number).shapes)
      }
      // Most have one list for all items, and are far from either limit.
      let most = content.elements.count + content.complexOccurrences.count
      if known.count + most <= Self.shapesMax && inScope + new.count + most <= Self.scopeShapesMax {
        continue
      }
      var used: Set<[[UInt8]]> = []
      try forEachShape(of: content) { names in
        let number = scope.shapeNumbers[names]
        if number == nil { new.insert(names) }
        if number.map({ !known.contains($0) }) ?? true { used.insert(names) }
      }
      guard
        known.count + used.count > Self.shapesMax || inScope + new.count > Self.scopeShapesMax
      else { continue }
      var error = ReportError(
        .tooManyTypes,
        "items of a type have at most \(Self.shapesMax) different lists of attribute names, those of "
          + "an account and Region \(Self.scopeShapesMax)", type: entry.type.text)
      error.node = report.node.text
      return error
    }
    return nil
  }

  /// Hands over the lists of names in a content, each where it differs from that of the item before.
  private func forEachShape(
    of content: CanonicalContent, _ body: ([[UInt8]]) -> Void
  ) throws(StoreError) {
    for pieces in [
      content.elements.lazy.filter { $0.knownContent == 0 }.map(\.piece),
      content.complexOccurrences,
    ] as [any Sequence<CanonicalContent.Piece>] {
      var last: CanonicalContent.Piece?
      for piece in pieces {
        do throws(PackedBytesError) {
          if let last,
            try haveSameNames(content.bytes(of: last), content.bytes(of: piece))
          {
            continue
          }
          body(try canonicalNames(content.bytes(of: piece)))
        } catch { throw StoreError(error, in: "report") }
        last = piece
      }
    }
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
