/// How nodes change from day to day.
extension FleetModel {
  /// Kernels that a node keeps beside each other.
  static var kernelsKept: Int { 3 }

  /// What is on a node on a day; nil where that is the same as on the day before.
  mutating func age(_ node: Int, _ day: Int, _ now: Int) -> [FleetItem]? {
    if day == 0 { return firstInventory(node) }
    var random = FleetRandom(seed: shape.seed, .patch, node, day)
    if random.happens(shape.reinstallChance) { return reinstalled(node, day, now) }
    var aged = patched(node, day, now, &random)
    if random.happens(Double(shape.itemCount) * 0.0003) {
      drift(node, now, &random, &aged)
    }
    return aged
  }

  private mutating func firstInventory(_ node: Int) -> [FleetItem] {
    let traits = traits[node]
    let role = Int(traits.role)
    let common = plan.common[role]
    var random = FleetRandom(seed: shape.seed, .own, node)
    let spread = shape.itemCount / 25
    let wanted = shape.itemCount - common.count - 2 + random.within(-spread...spread)
    var own: [Int] = []
    while own.count < max(1, wanted) {
      let package = plan.draw.one(&random)
      if plan.isCommon[role][package] || drawn[package] == UInt32(node + 1) { continue }
      drawn[package] = UInt32(node + 1)
      own.append(package)
    }
    own.sort()
    let imageTime = UInt32(plan.imageTimes[role])
    let ownTime = imageTime + UInt32(random.within(1...(15 * 86400)))
    var result: [FleetItem] = []
    result.reserveCapacity(common.count + own.count + 2)
    var next = 0
    for package in common {
      while next < own.count, own[next] < package {
        result.append(FleetItem(version: catalogue.id(own[next], 0), installed: ownTime))
        next += 1
      }
      result.append(FleetItem(version: catalogue.id(package, 0), installed: imageTime))
    }
    for package in own[next...] {
      result.append(FleetItem(version: catalogue.id(package, 0), installed: ownTime))
    }
    for number in 0...1 {
      let kernel = plan.pool.kernel(number)
      let version = catalogue.id(kernel.package, kernel.number)
      result.append(FleetItem(version: version, installed: imageTime))
    }
    return result
  }

  private mutating func reinstalled(_ node: Int, _ day: Int, _ now: Int) -> [FleetItem] {
    let time = UInt32(now - 1800)
    var result: [FleetItem] = []
    for package in plan.common[Int(traits[node].role)] {
      let version = catalogue.id(package, Int(level[package]))
      result.append(FleetItem(version: version, installed: time))
    }
    let kernel = plan.pool.kernel(1 + (day + 5) / 7)
    let version = catalogue.id(kernel.package, kernel.number)
    result.append(FleetItem(version: version, installed: time))
    return result
  }

  /// Takes what came out as many days ago as the node's ring waits.
  private mutating func patched(
    _ node: Int, _ day: Int, _ now: Int, _ random: inout FleetRandom
  ) -> [FleetItem]? {
    let lag = Int(traits[node].lag)
    guard lag >= 0, day >= lag else { return nil }
    let released = day - lag
    let time = now - random.within(60...14400)
    var result = updated(items[node], by: plan.releases[released], time)
    if Releases.isPatchDay(released) {
      var list = result ?? items[node]
      installKernel(2 + released / 7, UInt32(now - 900), &list)
      result = list
    }
    return result
  }

  private mutating func updated(
    _ list: [FleetItem], by releases: [Releases.Release], _ time: Int
  ) -> [FleetItem]? {
    var result: [FleetItem]?
    var next = 0
    for index in list.indices {
      let entry = catalogue.entries[Int(list[index].version)]
      while next < releases.count, releases[next].package < entry.package { next += 1 }
      guard next < releases.count else { break }
      let release = releases[next]
      guard release.package == entry.package, release.number > entry.number else { continue }
      var changed = result ?? list
      result = nil
      // Packages of one run are unpacked a second or so after each other.
      changed[index] = FleetItem(
        version: catalogue.id(Int(release.package), Int(release.number)),
        installed: UInt32(time + index / 8))
      result = changed
    }
    return result
  }

  private mutating func installKernel(
    _ number: Int, _ time: UInt32, _ list: inout [FleetItem]
  ) {
    let kernel = plan.pool.kernel(number)
    let version = catalogue.id(kernel.package, kernel.number)
    let kernels = list.indices.reversed().prefix {
      Int(catalogue.entries[Int(list[$0].version)].package) >= plan.pool.firstKernel
    }
    if kernels.contains(where: { list[$0].version == version }) { return }
    list.append(FleetItem(version: version, installed: time))
    if kernels.count >= Self.kernelsKept, let oldest = kernels.last { list.remove(at: oldest) }
  }

  /// Something comes, something goes.
  private mutating func drift(
    _ node: Int, _ now: Int, _ random: inout FleetRandom, _ aged: inout [FleetItem]?
  ) {
    var list = aged ?? items[node]
    let package = plan.draw.one(&random)
    let place = index(of: package, in: list)
    if place == list.count || self.package(list[place]) != package {
      let version = catalogue.id(package, Int(level[package]))
      let time = UInt32(now - random.within(60...80000))
      list.insert(FleetItem(version: version, installed: time), at: place)
    }
    let gone = random.below(list.count)
    let leaving = self.package(list[gone])
    if leaving < plan.pool.firstKernel, !plan.isBase[leaving] { list.remove(at: gone) }
    if list != items[node] { aged = list }
  }

  private func package(_ item: FleetItem) -> Int {
    Int(catalogue.entries[Int(item.version)].package)
  }

  private func index(of package: Int, in list: [FleetItem]) -> Int {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if self.package(list[middle]) < package { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
