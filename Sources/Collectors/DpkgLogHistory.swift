public import Inventory

/// What dpkg's logs tell of the packages of one machine: everything installed, at every change.
public struct DpkgLogHistory: Sendable {
  /// All that was installed from some second on.
  public struct Observation: Sendable, Hashable {
    /// The second from which on it was so.
    public let validTime: Instant
    /// Every package that was installed, in the order of names and architectures.
    public let items: [Item]
  }

  /// The observations in ascending order of valid time, made one by one while iterating.
  ///
  /// The first holds one second before the first line; each other one after a second of the log in
  /// which something changed.
  public struct Observations: Sequence, Sendable {
    fileprivate let base: Instant?
    fileprivate let initial: [Item?]
    fileprivate let changes: [Change]

    /// An iterator at the first observation.
    public func makeIterator() -> Iterator { Iterator(self) }
  }

  /// One package is something else from an instant on; nil says it is gone.
  struct Change: Sendable {
    var instant: Instant
    var slot: Int
    var item: Item?
  }

  /// All observations; empty where the log has no line.
  public let observations: Observations
  /// From here on the log knows: one second before its first line.
  ///
  /// This is the valid time of the first observation. Of an empty log it is when the present state
  /// was collected.
  public let knownFrom: Instant
  /// How many lines were read, whether or not they made sense.
  public let linesRead: Int
  /// Contradictions and lines that do not parse, one sentence each.
  public let warnings: [String]

  /// Each observation as a report of `AWS:Application`, made one by one while iterating.
  public func reports(node: NodeID) -> some Sequence<Report> {
    observations.lazy.map { observation in
      let entry = Report.Entry(
        type: .application, schemaVersion: "1.1", captureTime: observation.validTime,
        content: observation.items)
      return Report(node: node, entries: [entry], origin: .imported)
    }
  }
}

extension DpkgLogHistory {
  /// Puts what the log has of each package together with the packages as they are now.
  init(
    replay: DpkgLogReplay, current: [Item], capturedAt: Instant, firstLine: Instant?,
    linesRead: Int, warnings: [String]
  ) {
    var builder = Builder(current)
    for track in replay.tracks { builder.add(track) }
    let (initial, changes) = builder.sorted()
    observations = Observations(
      base: firstLine?.advanced(bySeconds: -1), initial: initial, changes: changes)
    knownFrom = firstLine?.advanced(bySeconds: -1) ?? capturedAt
    self.linesRead = linesRead
    self.warnings = warnings + builder.warnings
  }

  private struct Key: Hashable, Comparable {
    var name: String
    var architecture: String

    static func < (a: Self, b: Self) -> Bool {
      (a.name, a.architecture) < (b.name, b.architecture)
    }
  }

  /// Collects one slot for each package, now installed or only in the log.
  private struct Builder {
    var keys: [Key] = []
    var present: [Item?] = []
    var initial: [Item?] = []
    var changes: [Change] = []
    var warnings: [String] = []
    private var slots: [Key: Int] = [:]

    init(_ current: [Item]) {
      for item in current {
        let key = Key(name: item["Name"] ?? "", architecture: item["Architecture"] ?? "")
        // A second item of one name is not dpkg's; it keeps a slot that no line of the log reaches.
        if slots[key] == nil { slots[key] = keys.count }
        keys.append(key)
        present.append(item)
        initial.append(item)
      }
    }

    mutating func add(_ track: DpkgPackageTrack) {
      let package = track.package
      let key = Key(
        name: AgentForm.field(package.name),
        architecture: AgentForm.architecture(package.architecture))
      let slot = slots[key] ?? keys.count
      if slot == keys.count {
        slots[key] = slot
        keys.append(key)
        present.append(nil)
        initial.append(nil)
      }
      let item = present[slot]
      warnings += track.contradictions
      let logged = track.last.map { AgentForm.field($0.version) }
      if logged != item?["Version"] {
        warnings.append(
          "\(package.name):\(package.architecture): the log ends with \(logged ?? "nothing")"
            + " installed, now it is \(item?["Version"] ?? "nothing")")
      }
      initial[slot] = track.initial.map {
        self.item(of: $0, package, present: item, isLast: track.changes.isEmpty)
      }
      for (index, change) in track.changes.enumerated() {
        let isLast = index == track.changes.count - 1
        changes.append(
          Change(
            instant: change.instant, slot: slot,
            item: change.held.map {
              self.item(of: $0, package, present: item, isLast: isLast)
            }))
      }
    }

    /// The present item as far as it is of this version; else what the log knows.
    private func item(
      of held: DpkgPackageTrack.Held, _ package: DpkgLogPackage, present: Item?, isLast: Bool
    ) -> Item {
      guard var item = present, item["Version"] == AgentForm.field(held.version) else {
        return package.item(version: held.version, installedAt: held.installedAt)
      }
      if !isLast { item["InstalledTime"] = held.installedAt?.description }
      return item
    }

    /// The slots in the order of their keys, the changes in the order of time.
    func sorted() -> ([Item?], [Change]) {
      let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
      var places = order
      for (place, slot) in order.enumerated() { places[slot] = place }
      let sorted = changes.enumerated().sorted {
        ($0.element.instant, $0.offset) < ($1.element.instant, $1.offset)
      }
      return (
        order.map { initial[$0] },
        sorted.map {
          Change(instant: $0.element.instant, slot: places[$0.element.slot], item: $0.element.item)
        }
      )
    }
  }
}

extension DpkgLogHistory.Observations {
  /// Makes one observation after the other; O(packages) each.
  public struct Iterator: IteratorProtocol {
    private let changes: [DpkgLogHistory.Change]
    private var base: Instant?
    private var slots: [Item?]
    private var position = 0

    fileprivate init(_ observations: DpkgLogHistory.Observations) {
      changes = observations.changes
      base = observations.base
      slots = observations.initial
    }

    /// The next observation, or nil after the last.
    public mutating func next() -> DpkgLogHistory.Observation? {
      if let base {
        self.base = nil
        return observation(at: base)
      }
      while position < changes.count {
        let instant = changes[position].instant
        var before: [Int: Item?] = [:]
        while position < changes.count, changes[position].instant == instant {
          let change = changes[position]
          if before[change.slot] == nil {
            before.updateValue(slots[change.slot], forKey: change.slot)
          }
          slots[change.slot] = change.item
          position += 1
        }
        // What comes and goes within one second was never there for longer than none.
        if before.contains(where: { slots[$0.key] != $0.value }) { return observation(at: instant) }
      }
      return nil
    }

    private func observation(at instant: Instant) -> DpkgLogHistory.Observation {
      DpkgLogHistory.Observation(validTime: instant, items: slots.compactMap { $0 })
    }
  }
}
