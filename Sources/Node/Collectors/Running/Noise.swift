public import Inventory

/// What differs between two collections of a machine that were made one right after the other.
public struct Noise: Sendable, Hashable {
  /// The type.
  public let type: TypeName
  /// The identity of the item.
  public let item: String
  /// The attribute; nil where the whole item came or went.
  public let attribute: String?
  /// Its value in the first collection.
  public let first: String?
  /// Its value in the second.
  public let second: String?
  /// Whether it is left out of reports, so that it makes no change.
  public let isMuted: Bool

  /// Compares all that two collections found, with what they left out.
  public static func between(_ first: CollectionResult, _ second: CollectionResult) -> [Noise] {
    var found: [Noise] = []
    for source in first.collected {
      guard let type = source.type, let before = source.items,
        let other = second.collected.first(where: { $0.type == type }), let after = other.items
      else { continue }
      let steady = Set(source.steady ?? []).union(other.steady ?? [])
      found += compare(type, rows(before, type), rows(after, type), steady)
    }
    return found
  }

  private static func compare(
    _ type: TypeName, _ before: [String: Item], _ after: [String: Item], _ steady: Set<Item>
  ) -> [Noise] {
    // Attributes that no steady item has are those that are left out of all.
    let shown = Set(steady.flatMap { $0.attributes.map(\.name) })
    return Set(before.keys).union(after.keys).sorted().flatMap { key -> [Noise] in
      guard let old = before[key], let new = after[key] else {
        let item = before[key] ?? after[key]
        let kept = item.map { item in
          steady.contains { row in row.attributes.allSatisfy { item[$0.name] == $0.value } }
        }
        return [
          Noise(
            type: type, item: key, attribute: nil, first: before[key].map { _ in "there" },
            second: after[key].map { _ in "there" }, isMuted: kept == false)
        ]
      }
      let names = Set((old.attributes + new.attributes).map(\.name)).sorted()
      return names.filter { old[$0] != new[$0] }.map { name in
        Noise(
          type: type, item: key, attribute: name, first: old[name], second: new[name],
          isMuted: !shown.contains(name))
      }
    }
  }

  /// Items by their identity; of several with one identity each has a number.
  private static func rows(_ items: [Item], _ type: TypeName) -> [String: Item] {
    let names: [String] =
      switch TypeDefinition.of(type).identity {
      case .attributes(let names): names
      case .singleton: []
      case .wholeItem: ["Name", "Id"]
      }
    var rows: [String: Item] = [:]
    for item in items {
      let key = names.compactMap { item[$0] }.joined(separator: " ")
      var number = 1
      while rows[number == 1 ? key : "\(key) (\(number))"] != nil { number += 1 }
      rows[number == 1 ? key : "\(key) (\(number))"] = item
    }
    return rows
  }
}
