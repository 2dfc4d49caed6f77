import LMDB
import PackedBytes

/// What late changes to a holders list do to the rows and keyframes behind them.
///
/// A head says how many of each content were held before its row, a keyframe who held them: both
/// follow from the postings before. Only those between the first change and the last are worked out
/// anew, and behind them until they say what they said.
struct PostingRepair {
  /// The row with the first change, and the last place that was changed.
  private var range: (first: Posting.Moment, last: Posting.Moment)?
  private var changes: [(posting: Posting, isDeletion: Bool)] = []

  mutating func note(_ posting: Posting, isDeletion: Bool, in row: Posting.Moment) {
    noteRow(at: posting.moment, behind: min(row, posting.moment))
    changes.append((posting, isDeletion))
  }

  /// A row came to be that does not say yet what was held before it.
  mutating func noteRow(at moment: Posting.Moment, behind row: Posting.Moment) {
    let known = range ?? (row, moment)
    range = (min(known.first, row), max(known.last, moment))
  }

  func run(
    _ list: [UInt8], _ table: Database, _ transaction: inout WriteTransaction
  ) throws(StoreError) {
    guard let range else { return }
    let keyframes = try transaction.view.repairedKeyframes(list, table, changes)
    for row in keyframes { try transaction.store(row.value, row.key, in: table) }
    let rewritten = try transaction.view.repairedRows(
      list, table, from: range.first, to: range.last, isBalanced: isBalanced)
    for row in rewritten { try transaction.store(row.value, row.key, in: table) }
  }

  /// Whether all changes together come to nothing: a late report moves what its successor changed.
  private var isBalanced: Bool {
    Self.net(changes, before: .last).isEmpty
  }

  struct Holder: Hashable {
    var node: NodeNumber
    var content: ContentID
  }

  /// What holders changes before a moment add (or take, where negative).
  static func net(
    _ changes: [(posting: Posting, isDeletion: Bool)], before moment: Posting.Moment
  ) -> [Holder: Int] {
    var net: [Holder: Int] = [:]
    func add(_ node: NodeNumber, _ content: ContentID, _ count: Int) {
      let holder = Holder(node: node, content: content)
      let sum = (net[holder] ?? 0) + count
      net[holder] = sum == 0 ? nil : sum
    }
    for (posting, isDeletion) in changes where posting.moment < moment {
      let sign = isDeletion ? -1 : 1
      let event = posting.event
      switch event.form {
      case .added: add(posting.node, event.a, sign)
      case .removed: add(posting.node, event.a, -sign)
      case .changed:
        add(posting.node, event.a, -sign)
        add(posting.node, event.b, sign)
      case .counts: break
      }
    }
    return net
  }
}

extension TransactionView {
  /// The keyframes that changes make different.
  fileprivate func repairedKeyframes(
    _ list: [UInt8], _ table: Database, _ changes: [(posting: Posting, isDeletion: Bool)]
  ) throws(StoreError) -> [(key: [UInt8], value: [UInt8])] {
    guard let first = changes.map(\.posting.moment).min(),
      let last = changes.map(\.posting.moment).max()
    else { return [] }
    var repaired: [(key: [UInt8], value: [UInt8])] = []
    let list = Key.keyframes(of: list)
    var cursor = try storeCursor(in: table)
    let key = PostingRow.key(of: list, first)
    var isThere = try cursor.seek(atOrAfter: key.rawSpan)
    while isThere, let moment = PostingRow.moment(in: cursor.key, of: list) {
      let net = PostingRepair.net(changes, before: moment)
      if net.isEmpty && moment > last { break }
      if !net.isEmpty {
        do throws(PackedBytesError) {
          var set = HolderSet()
          try set.take(keyframe: cursor.value)
          for (holder, count) in net {
            let index = set.index(of: holder.content)
            for _ in 0..<max(0, -count) { set.remove(holder.node, index) }
            for _ in 0..<max(0, count) { set.add(holder.node, index) }
          }
          repaired.append(([UInt8](copying: cursor.key), set.keyframe()))
        } catch { throw cursor.damaged(error) }
      }
      isThere = try cursor.next()
    }
    return repaired
  }

  /// The rows whose heads are not what the rows before them come to.
  fileprivate func repairedRows(
    _ list: [UInt8], _ table: Database, from first: Posting.Moment, to last: Posting.Moment,
    isBalanced: Bool
  ) throws(StoreError) -> [(key: [UInt8], value: [UInt8])] {
    var repaired: [(key: [UInt8], value: [UInt8])] = []
    var cursor = try storeCursor(in: table)
    let start = PostingRow.key(of: list, first)
    var isThere = try cursor.seek(atOrBefore: start.rawSpan)
    var counts: ContentCounts?
    if !isThere || PostingRow.moment(in: cursor.key, of: list) == nil {
      isThere = try cursor.seek(atOrAfter: start.rawSpan)
      counts = ContentCounts()
    }
    while isThere, let moment = PostingRow.moment(in: cursor.key, of: list) {
      if let known = counts, known.counts == nil {
        counts = try countsOfKeyframe(list, moment, table) ?? known
      }
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.value)
        let stored = try ContentCounts(&reader)
        if let known = counts {
          let head = known.head()
          let bodyStart = reader.position
          let isSame = cursor.value.extracting(0..<bodyStart).isEqual(to: head.rawSpan)
          let isKnown = head != PostingRow.unknownHead
          if isSame && moment > last && (isBalanced || isKnown) { break }
          if !isSame {
            let body = cursor.value.extracting(bodyStart..<cursor.value.byteCount)
            repaired.append(([UInt8](copying: cursor.key), head + [UInt8](copying: body)))
          }
          if !isKnown { counts = .unknown }
        } else {
          // Nothing before the row with the first change is different.
          counts = stored
        }
        if counts?.counts != nil { try counts?.add(&reader, startingAt: moment) }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    return repaired
  }

  /// What is held before a row that has a keyframe; nil where it has none.
  private func countsOfKeyframe(
    _ list: [UInt8], _ moment: Posting.Moment, _ table: Database
  ) throws(StoreError) -> ContentCounts? {
    let key = PostingRow.key(of: Key.keyframes(of: list), moment)
    guard let bytes = try storedValue(key, table) else { return nil }
    do throws(PackedBytesError) {
      var set = HolderSet()
      try set.take(keyframe: bytes)
      return ContentCounts(set)
    } catch { throw StoreError(error, in: table, under: key) }
  }
}

extension PostingListEditor {
  /// Bytes between two keyframes of a list at least.
  private static let keyframeDistanceMin = 2048

  /// The head of a row that is begun behind all others; makes a keyframe before it where the rows
  /// since the last have become twice its size.
  func headBehind(
    _ list: [UInt8], at moment: Posting.Moment, _ transaction: inout WriteTransaction
  ) throws(StoreError) -> [UInt8] {
    var counts = try transaction.view.countsBehind(list, table)
    if let set = try transaction.view.keyframeBehind(
      list, table, distanceMin: Self.keyframeDistanceMin)
    {
      let key = PostingRow.key(of: Key.keyframes(of: list), moment)
      try transaction.store(set.keyframe(), key, in: table)
      if counts.counts == nil { counts = ContentCounts(set) }
    }
    return counts.head()
  }
}

extension TransactionView {
  /// What is held behind the last row; not known where that row does not know it.
  fileprivate func countsBehind(
    _ list: [UInt8], _ table: Database
  ) throws(StoreError) -> ContentCounts {
    var cursor = try storeCursor(in: table)
    let key = PostingRow.key(of: list, .last)
    guard try cursor.seek(atOrBefore: key.rawSpan),
      let moment = PostingRow.moment(in: cursor.key, of: list)
    else { return ContentCounts() }
    do throws(PackedBytesError) {
      var reader = ByteReader(cursor.value)
      var counts = try ContentCounts(&reader)
      if counts.counts != nil { try counts.add(&reader, startingAt: moment) }
      return counts
    } catch { throw cursor.damaged(error) }
  }

  /// Who holds what behind the last row, where a keyframe is due; else nil.
  fileprivate func keyframeBehind(
    _ list: [UInt8], _ table: Database, distanceMin: Int
  ) throws(StoreError) -> HolderSet? {
    let keyframes = Key.keyframes(of: list)
    var last: Posting.Moment?
    var size = 0
    var cursor = try storeCursor(in: table)
    let end = PostingRow.key(of: keyframes, .last)
    if try cursor.seek(atOrBefore: end.rawSpan) {
      last = PostingRow.moment(in: cursor.key, of: keyframes)
      if last != nil { size = cursor.value.byteCount }
    }
    let wanted = max(distanceMin, 2 * size)
    var distance = 0
    let tail = PostingRow.key(of: list, .last)
    var isThere = try cursor.seek(atOrBefore: tail.rawSpan)
    while isThere, let moment = PostingRow.moment(in: cursor.key, of: list),
      moment >= last ?? .first, distance < wanted
    {
      distance += cursor.value.byteCount
      isThere = try cursor.previous()
    }
    guard distance >= wanted else { return nil }
    var set = HolderSet()
    _ = try takeHolders(list, table, at: .max, into: &set)
    return set
  }
}
