import Inventory

/// Finds the changes whose times cannot be right.
enum OsqueryTimes {
  /// How far one query's lines may lie before those of another that were written later.
  private static let bucketSeconds: Int64 = 3600

  /// The changes in the order of their lines, without a time that a clock showed wrongly.
  ///
  /// A line whose time does not fit those of the lines around it, ahead of the later or behind the
  /// earlier ones, moves none of them: what it changed shows in the next state of its query.
  static func ordered(_ changes: [OsqueryChange], _ warnings: inout Warnings) -> [OsqueryChange] {
    let changes = changes.sorted { $0.position < $1.position }
    var isWrong = [Bool](repeating: false, count: changes.count)
    let first = kept(changes.map { $0.instant.seconds / bucketSeconds })
    let second = kept(changes.map { ($0.instant.seconds + bucketSeconds / 2) / bucketSeconds })
    for index in changes.indices { isWrong[index] = !first[index] && !second[index] }
    // The lines of one query follow each other to the second.
    for indexes in Dictionary(grouping: changes.indices, by: { changes[$0].query }).values {
      let right = indexes.filter { !isWrong[$0] }
      for (index, isKept) in zip(right, kept(right.map { changes[$0].instant.seconds }))
      where !isKept {
        isWrong[index] = true
      }
    }
    guard isWrong.contains(true) else { return changes }
    return moved(changes, isWrong, &warnings)
  }

  /// The changes whose times are wrong, put to the next right one of their query.
  private static func moved(
    _ changes: [OsqueryChange], _ isWrong: [Bool], _ warnings: inout Warnings
  ) -> [OsqueryChange] {
    var next: [String: Instant] = [:]
    var result: [OsqueryChange] = []
    for index in changes.indices.reversed() {
      var change = changes[index]
      if isWrong[index] {
        guard let instant = next[change.query] else { continue }
        change.instant = instant
      } else {
        next[change.query] = change.instant
      }
      result.append(change)
    }
    for index in changes.indices where isWrong[index] {
      let change = changes[index]
      warnings.add(
        "\(change.place): its time \(change.instant) does not fit those of the lines around it; what it"
          + " changed shows in the next state of \(change.query)")
    }
    return result.reversed()
  }

  /// Which of the times are in a longest sequence that never goes back.
  ///
  /// Of several sequences it is one that ends as late in the log as can be, with the times before as near
  /// to those behind them as can be.
  private static func kept(_ times: [Int64]) -> [Bool] {
    // For each length the indexes at which sequences of that length end, their times ever lower.
    var ends: [[Int]] = []
    var before = [Int](repeating: -1, count: times.count)
    for index in times.indices {
      let length = firstIndex(below: ends.count) {
        times[ends[$0][ends[$0].count - 1]] > times[index]
      }
      if length > 0 {
        let shorter = ends[length - 1]
        before[index] =
          shorter[firstIndex(below: shorter.count) { times[shorter[$0]] <= times[index] }]
      }
      if length == ends.count { ends.append([index]) } else { ends[length].append(index) }
    }
    var kept = [Bool](repeating: false, count: times.count)
    var index = ends.last?.last ?? -1
    while index >= 0 {
      kept[index] = true
      index = before[index]
    }
    return kept
  }

  /// The first number below a bound of which something holds, as it does of all numbers after it.
  private static func firstIndex(below bound: Int, where holds: (Int) -> Bool) -> Int {
    var (low, high) = (0, bound)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
