import LMDB
import PackedBytes

/// A change to a posting list, to be written with its neighbours.
struct StagedPosting {
  /// Which list: 0 for activity, else type and identity.
  var scope: ScopeNumber
  var type: TypeNumber
  var identity: IdentityNumber
  /// Whether postings of the moment (for activity: of its type too) go instead.
  var isDeletion: Bool
  var posting: Posting

  var isActivity: Bool { identity == 0 }

  /// What sorts the lists as their keys do.
  var listNumber: UInt64 {
    isActivity
      ? UInt64(scope) << 48 : UInt64(scope) << 48 | UInt64(type) << 32 | UInt64(identity)
  }
}

extension Writer {
  /// Stages what items that went and came mean for holders and activity; returns how many changed.
  func stage(
    removed: [StoredItem], added: [StoredItem], at valid: UInt32, _ series: Series,
    _ scope: ScopeState, isDeletion: Bool, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Int {
    if removed.isEmpty && added.isEmpty { return 0 }
    let changes = try ItemChanges(removed: removed, added: added) {
      item throws(StoreError) in
      try identity(of: item.content, type: series.type, scope: scope, &transaction)
    }
    if changes.count == 0 { return 0 }
    func stage(_ content: ContentID, _ form: Posting.Form, _ a: ContentID, _ b: ContentID)
      throws(StoreError)
    {
      let identity = try identity(
        of: content, type: series.type, scope: scope, &transaction)
      staged.postings.append(
        StagedPosting(
          scope: series.scope, type: series.type, identity: identity, isDeletion: isDeletion,
          posting: Posting(valid: valid, node: series.node, form: form, a: a, b: b)))
    }
    for item in changes.removed { try stage(item.content, .removed, item.content, 0) }
    for item in changes.added { try stage(item.content, .added, item.content, 0) }
    for (old, new) in changes.changed where old.content != new.content {
      try stage(new.content, .changed, old.content, new.content)
    }
    staged.postings.append(
      StagedPosting(
        scope: series.scope, type: series.type, identity: 0, isDeletion: isDeletion,
        posting: Posting(
          valid: valid, node: series.node, form: .counts, a: UInt32(series.type),
          b: UInt32(changes.added.count), c: UInt32(changes.changed.count),
          d: UInt32(changes.removed.count))))
    return changes.count
  }

  /// Writes staged postings list by list, each list in one pass, in order of their keys.
  func flushPostings(_ transaction: inout WriteTransaction) throws(StoreError) {
    guard !staged.postings.isEmpty else { return }
    var holders: [PostingOrder] = []
    var activity: [PostingOrder] = []
    holders.reserveCapacity(staged.postings.count)
    for index in staged.postings.indices {
      let list = staged.postings[index].listNumber
      if staged.postings[index].isActivity {
        activity.append(PostingOrder(list: list, index: UInt32(index)))
      } else {
        holders.append(PostingOrder(list: list, index: UInt32(index)))
      }
    }
    PostingOrder.sort(&holders)
    PostingOrder.sort(&activity)
    try flushHolders(holders, &transaction)
    try flushActivity(activity, &transaction)
    staged.postings.removeAll(keepingCapacity: true)
  }

  private func flushActivity(
    _ order: [PostingOrder], _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    var editor = PostingListEditor(table: tables.activity, countsHolders: false)
    var list: UInt64?
    for place in order {
      let change = staged.postings[Int(place.index)]
      if list != place.list {
        try editor.finish(&transaction)
        _ = try editor.open(Key.scope(change.scope), &transaction)
        list = place.list
      }
      if change.isDeletion {
        _ = try editor.remove(change.posting, &transaction)
      } else {
        try editor.insert(change.posting, &transaction)
      }
    }
    try editor.finish(&transaction)
  }

  private func flushHolders(
    _ order: [PostingOrder], _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    var editor = HoldersEditor(table: tables.holders)
    var list: UInt64?
    for place in order {
      let change = staged.postings[Int(place.index)]
      if list != place.list {
        try editor.open(change.scope, change.type, change.identity, &transaction)
        list = place.list
      }
      if change.isDeletion {
        try editor.remove(change.posting, &transaction)
      } else {
        try editor.insert(change.posting, &transaction)
      }
    }
    try editor.finish(&transaction)
  }
}

/// Where a staged posting is to be written: sorted by list, those of one list as they came.
private struct PostingOrder {
  var list: UInt64
  var index: UInt32

  /// Sorts stably, a byte of the list at a time, by those bytes alone that differ.
  static func sort(_ order: inout [PostingOrder]) {
    guard order.count > 64 else {
      order.sort { ($0.list, $0.index) < ($1.list, $1.index) }
      return
    }
    var differing: UInt64 = 0
    for place in order { differing |= place.list ^ order[0].list }
    var other = order
    for shift in stride(from: UInt64(0), to: 64, by: 8) where differing >> shift & 0xff != 0 {
      var starts = [Int](repeating: 0, count: 257)
      for place in order { starts[Int(place.list >> shift & 0xff) + 1] += 1 }
      for digit in 1..<257 { starts[digit] += starts[digit - 1] }
      for place in order {
        let digit = Int(place.list >> shift & 0xff)
        other[starts[digit]] = place
        starts[digit] += 1
      }
      swap(&order, &other)
    }
  }
}
