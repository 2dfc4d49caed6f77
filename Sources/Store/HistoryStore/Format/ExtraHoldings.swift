/// What nodes hold of one identity beside the first: a chain for each cell, all in one array.
struct ExtraHoldings {
  private struct Link {
    var value: UInt32
    /// The place of the next, plus 1; 0 for none.
    var next: UInt32
  }

  /// By cell the place of its first link, plus 1, or 0; as long as the last cell that had any.
  private var heads: [UInt32] = []
  private var links: [Link] = []
  /// The first link that is free, plus 1.
  private var free: UInt32 = 0

  @inline(__always)
  func isThere(at cell: Int) -> Bool { cell < heads.count && heads[cell] != 0 }

  mutating func add(_ value: UInt32, at cell: Int) {
    if cell >= heads.count {
      heads.append(contentsOf: repeatElement(0, count: cell + 256 - heads.count))
    }
    let link = Link(value: value, next: heads[cell])
    if free == 0 {
      links.append(link)
      heads[cell] = UInt32(links.count)
    } else {
      heads[cell] = free
      free = links[Int(free) - 1].next
      links[Int(heads[cell]) - 1] = link
    }
  }

  /// Takes a cell's first value out; 0 where it has none.
  @inline(__always)
  mutating func popFirst(at cell: Int) -> UInt32 {
    guard isThere(at: cell) else { return 0 }
    let place = heads[cell]
    let link = links[Int(place) - 1]
    heads[cell] = link.next
    release(place)
    return link.value
  }

  /// Takes a value out; false where the cell does not have it.
  mutating func remove(_ value: UInt32, at cell: Int) -> Bool {
    guard isThere(at: cell) else { return false }
    var before: UInt32 = 0
    var place = heads[cell]
    while place != 0, links[Int(place) - 1].value != value {
      before = place
      place = links[Int(place) - 1].next
    }
    guard place != 0 else { return false }
    let next = links[Int(place) - 1].next
    if before == 0 { heads[cell] = next } else { links[Int(before) - 1].next = next }
    release(place)
    return true
  }

  private mutating func release(_ place: UInt32) {
    links[Int(place) - 1].next = free
    free = place
  }

  func forEach(at cell: Int, _ body: (UInt32) -> Void) {
    var place = heads[cell]
    while place != 0 {
      let link = links[Int(place) - 1]
      body(link.value)
      place = link.next
    }
  }
}
