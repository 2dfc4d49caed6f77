import Inventory
import LMDB
import PackedBytes

// Counting holders without knowing who they are: rows say how many of each content were held
// before them, so that a count at a date reads one row of a list.

extension TransactionView {
  /// Where to begin to count for a valid time, and what was held there.
  func countsStart(
    _ list: [UInt8], _ table: Database, at valid: UInt32
  ) throws(StoreError) -> (moment: Posting.Moment, counts: ContentCounts) {
    var cursor = try storeCursor(in: table)
    let limit = Posting.Moment(valid: valid, node: .max)
    let wanted = PostingRow.key(of: list, limit)
    if try cursor.seek(atOrBefore: wanted.rawSpan),
      let moment = PostingRow.moment(in: cursor.key, of: list)
    {
      do throws(PackedBytesError) {
        var reader = ByteReader(cursor.value)
        let counts = try ContentCounts(&reader)
        if counts.counts != nil { return (moment, counts) }
      } catch { throw cursor.damaged(error) }
    }
    let keyframes = Key.keyframes(of: list)
    let keyframe = PostingRow.key(of: keyframes, limit)
    if try cursor.seek(atOrBefore: keyframe.rawSpan),
      let moment = PostingRow.moment(in: cursor.key, of: keyframes)
    {
      do throws(PackedBytesError) {
        var set = HolderSet()
        try set.take(keyframe: cursor.value)
        return (moment, ContentCounts(set))
      } catch { throw cursor.damaged(error) }
    }
    return (.first, ContentCounts())
  }

  /// Hands over postings' times and the counts before each from a valid time on; false where the
  /// list has no rows.
  func forEachCount(
    _ list: [UInt8], _ table: Database, from valid: UInt32, upTo limit: UInt32,
    _ tally: inout ContentTally, before: (UInt32, [Int]) -> Void
  ) throws(StoreError) -> Bool {
    let start = try countsStart(list, table, at: valid)
    tally.take(start.counts)
    var cursor = try storeCursor(in: table)
    let first = PostingRow.key(of: list, start.moment)
    var isThere = try cursor.seek(atOrAfter: first.rawSpan)
    guard isThere, PostingRow.moment(in: cursor.key, of: list) != nil else { return false }
    while isThere, let moment = PostingRow.moment(in: cursor.key, of: list), moment.valid <= limit {
      try checkCancellation()
      do throws(PackedBytesError) {
        guard
          try tally.take(row: cursor.value, startingAt: moment, upTo: limit, before: before)
        else { return true }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    return true
  }
}

extension Snapshot {
  /// Counts one identity at each of some times, in order, and adds the counts by version.
  func rollout(
    _ identity: NamedIdentity, _ names: ItemNames, _ row: TypeRow, _ scope: ScopeCatalog,
    _ times: [UInt32], into versions: inout VersionCounts
  ) throws(StoreError) {
    guard let first = times.first, let last = times.last else { return }
    var steps = StepCounts(times)
    let list = Key.holders(scope.number, row.number, identity.number)
    var tally = ContentTally()
    let hasRows = try view.forEachCount(list, tables.holders, from: first, upTo: last, &tally) {
      steps.pass($0, $1)
    }
    if !hasRows {
      var postings: [Posting] = []
      try forEachPosting(of: identity.number, row, scope) { postings.append($0) }
      steps.take(postings, &tally)
    }
    try add(steps, tally, names, row, scope, to: &versions)
  }

  /// Counts postings at each of some times, in order, and adds the counts by version.
  func rollout(
    _ postings: [Posting], _ names: ItemNames, _ row: TypeRow, _ scope: ScopeCatalog,
    _ times: [UInt32], into versions: inout VersionCounts
  ) throws(StoreError) {
    var steps = StepCounts(times)
    var tally = ContentTally()
    steps.take(postings, &tally)
    try add(steps, tally, names, row, scope, to: &versions)
  }

  private func add(
    _ steps: StepCounts, _ tally: ContentTally, _ names: ItemNames, _ row: TypeRow,
    _ scope: ScopeCatalog, to versions: inout VersionCounts
  ) throws(StoreError) {
    let contents = tally.table.contents
    let pages = try self.contents(
      contents.map { StoredItem(content: $0, occurrence: .none) }, scope)
    let wanted = contents.map { content in
      isNamed(content, names, row, pages)
        ? versions.index(of: pages.value(of: "Version", in: content) ?? "") : -1
    }
    versions.add(steps.all(ending: tally.counts), wanted)
  }
}

/// What was held at each of some times, in order, while postings go by.
private struct StepCounts {
  private let times: [UInt32]
  private var counts: [[Int]] = []

  init(_ times: [UInt32]) {
    self.times = times
    counts.reserveCapacity(times.count)
  }

  /// Notes what is held before a posting.
  mutating func pass(_ valid: UInt32, _ held: [Int]) {
    while counts.count < times.count, times[counts.count] < valid { counts.append(held) }
  }

  mutating func take(_ postings: [Posting], _ tally: inout ContentTally) {
    for posting in postings where posting.valid <= times.last ?? 0 {
      pass(posting.valid, tally.counts)
      tally.take(posting)
    }
  }

  /// What was held at each time, where `held` is what was at the end.
  func all(ending held: [Int]) -> [[Int]] {
    counts + repeatElement(held, count: times.count - counts.count)
  }
}

/// Counts by version at some times, as identities are added up.
struct VersionCounts {
  private(set) var versions: [String] = []
  private var indices: [String: Int] = [:]
  /// By time, then version.
  private(set) var counts: [[Int]]

  init(timeCount: Int) { counts = [[Int]](repeating: [], count: timeCount) }

  mutating func index(of version: String) -> Int {
    if let index = indices[version] { return index }
    indices[version] = versions.count
    versions.append(version)
    return versions.count - 1
  }

  /// Adds counts by time and content.
  ///
  /// - Parameter version: the version's index of each content; -1 for one that is not meant.
  mutating func add(_ added: [[Int]], _ version: [Int]) {
    for time in counts.indices {
      var sums = counts[time]
      while sums.count < versions.count { sums.append(0) }
      for (content, count) in added[time].enumerated() where version[content] >= 0 {
        sums[version[content]] += count
      }
      counts[time] = sums
    }
  }
}
