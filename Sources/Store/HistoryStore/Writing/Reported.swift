package import Inventory

/// What a report says, for whoever decides whether it may be said.
package struct Reported {
  package let node: NodeID
  package let types: [TypeName]
  private let submission: Submission
  private let reader: BodyReader

  /// Nil for a report that is refused in any case.
  init?(_ submission: Submission, _ reader: BodyReader) {
    switch submission.content {
    case .repetition(let repetition):
      node = repetition.node
      types = repetition.entries.map(\.type)
    case .report(let report, _):
      node = report.node
      types = report.entries.map(\.type)
    case .refused: return nil
    }
    self.submission = submission
    self.reader = reader
  }

  /// The items of a type, without what they have beside their shared content.
  ///
  /// Reads the body once more where its items are known by their text, or all of it is.
  package func items(of type: TypeName) -> [Item] {
    if case .report(let report, _) = submission.content,
      let items = Self.items(of: type, in: report)
    {
      return items
    }
    let whole = reader.readAll(submission.body ?? [], now: submission.now)
    guard case .report(let report, _) = whole else { return [] }
    return Self.items(of: type, in: report) ?? []
  }

  /// Nil where the text of some is not at hand.
  private static func items(of type: TypeName, in report: CanonicalReport) -> [Item]? {
    guard let content = report.entries.first(where: { $0.type == type })?.content else { return [] }
    var items: [Item] = []
    for element in content.elements {
      guard element.knownContent == 0 else { return nil }
      var attributes = CanonicalAttributes(content.bytes(of: element.piece))
      var item: [Item.Attribute] = []
      while let attribute = attributes.next() { item.append(attribute) }
      items.append(Item(sorted: item))
    }
    return items
  }
}
