extension VersionCatalogue {
  /// What makes one inventory into another, in order of packages.
  ///
  /// Of a package that occurs several times, equal items are set aside; then old and new versions
  /// are paired in order of their texts' bytes.
  func changes(from old: [FleetItem], to new: [FleetItem]) -> [FleetChange] {
    var result: [FleetChange] = []
    var i = 0
    var j = 0
    while i < old.count || j < new.count {
      if i < old.count, j < new.count, old[i] == new[j] {
        i += 1
        j += 1
        continue
      }
      let package = min(
        i < old.count ? self.package(old[i]) : .max, j < new.count ? self.package(new[j]) : .max)
      let olds = run(of: package, in: old, from: &i)
      let news = run(of: package, in: new, from: &j)
      append(
        olds.filter { !news.contains($0) }, news.filter { !olds.contains($0) }, to: &result)
    }
    return result
  }

  private func append(
    _ olds: [FleetItem], _ news: [FleetItem], to result: inout [FleetChange]
  ) {
    let olds = ordered(olds)
    let news = ordered(news)
    for index in 0..<max(olds.count, news.count) {
      result.append(
        FleetChange(
          old: index < olds.count ? olds[index].version : nil,
          new: index < news.count ? news[index].version : nil))
    }
  }

  private func ordered(_ items: [FleetItem]) -> [FleetItem] {
    if items.count < 2 { return items }
    return items.sorted {
      text(of: $0.version).utf8.lexicographicallyPrecedes(text(of: $1.version).utf8)
    }
  }

  private func run(
    of package: UInt32, in list: [FleetItem], from index: inout Int
  ) -> [FleetItem] {
    let start = index
    while index < list.count, self.package(list[index]) == package { index += 1 }
    return Array(list[start..<index])
  }

  @inline(__always)
  private func package(_ item: FleetItem) -> UInt32 { entries[Int(item.version)].package }
}
