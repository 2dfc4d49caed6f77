import HistoryStore
import Inventory

/// Differences of items of one type where some attributes are passed over: items that differ in nothing else are
/// the same.
struct AttributesPassedOver {
  private let names: Set<String>
  private let identity: TypeDefinition.Identity

  /// A difference, and the one of whole items that it was made of.
  struct Found {
    var shown: Difference
    var whole: Difference
  }

  /// One side of a difference.
  private struct Side {
    /// The item without what is passed over.
    var item: Item
    var whole: Difference
  }

  /// - Parameter identity: the attributes that identify an item, which are not passed over; none where it is
  ///   the only one, or where all of them do.
  init(_ names: Set<String>, of type: TypeName, identity: [String]) {
    self.names = names.subtracting(identity)
    let isOnly = TypeDefinition.of(type).identity == .singleton
    self.identity = isOnly ? .singleton : identity.isEmpty ? .wholeItem : .attributes(identity)
  }

  /// What is left of differences: equal items cancel out, the rest is paired by identity.
  func differences(_ found: some Sequence<Difference>) -> [Found] {
    guard !names.isEmpty else { return found.map { Found(shown: $0, whole: $0) } }
    var left: [Side] = []
    var right: [Side] = []
    for difference in found {
      if let old = difference.old { left.append(Side(item: bare(old), whole: difference)) }
      if let new = difference.new { right.append(Side(item: bare(new), whole: difference)) }
    }
    cancel(&left, &right)
    return paired(left, right)
  }

  private func bare(_ item: Item) -> Item {
    Item(
      item.attributes.filter { !names.contains($0.name) }.map { (key: $0.name, value: $0.value) })
  }

  /// Takes away what is on both sides.
  private func cancel(_ left: inout [Side], _ right: inout [Side]) {
    var counts: [Item: Int] = [:]
    for side in left { counts[side.item, default: 0] += 1 }
    var common: [Item: Int] = [:]
    right.removeAll { side in
      guard let count = counts[side.item], count > 0 else { return false }
      counts[side.item] = count - 1
      common[side.item, default: 0] += 1
      return true
    }
    left.removeAll { side in
      guard let count = common[side.item], count > 0 else { return false }
      common[side.item] = count - 1
      return true
    }
  }

  /// Pairs what is left by identity, of several in the order of their attributes.
  private func paired(_ left: [Side], _ right: [Side]) -> [Found] {
    var waiting: [Item: [Side]] = [:]
    for side in left.sorted(by: precedes).reversed() {
      waiting[identity(of: side.item), default: []].append(side)
    }
    var result: [Found] = []
    for side in right.sorted(by: precedes) {
      let partner = waiting[identity(of: side.item)]?.popLast()
      result.append(made(side, partner?.item, side.item))
    }
    let rest = waiting.values.flatMap(\.self).sorted(by: precedes)
    return result + rest.map { made($0, $0.item, nil) }
  }

  private func made(_ side: Side, _ old: Item?, _ new: Item?) -> Found {
    var shown = side.whole
    shown.kind = old == nil ? .added : new == nil ? .removed : .changed
    shown.identity = identity(of: side.item)
    shown.old = old
    shown.new = new
    return Found(shown: shown, whole: side.whole)
  }

  private func identity(of item: Item) -> Item {
    switch identity {
    case .attributes(let names):
      Item(
        item.attributes.filter { names.contains($0.name) }.map { (key: $0.name, value: $0.value) })
    case .singleton: [:]
    case .wholeItem: item
    }
  }

  private func precedes(_ a: Side, _ b: Side) -> Bool {
    for (x, y) in zip(a.item.attributes, b.item.attributes) where x != y {
      return (x.name, x.value) < (y.name, y.value)
    }
    return a.item.attributes.count < b.item.attributes.count
  }
}
