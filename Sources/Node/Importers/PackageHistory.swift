import Collectors
public import Inventory

/// What a package manager's logs tell of one machine: everything installed, at every change.
public struct PackageHistory: Sendable {
  /// All that was installed from some second on.
  public struct Observation: Sendable, Hashable {
    /// The second from which on it was so.
    public let validTime: Instant
    /// Every package that was installed, in the order of names and architectures.
    public let items: [Item]
  }

  /// The observations in ascending order of valid time, made one by one while iterating.
  ///
  /// The first holds one second before the first line, where it is known what is there now, or where
  /// lines could not be read, from the line behind them on; each other one after a second of the log in
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

  /// All observations; empty where the log has no line, or none behind one that could not be read.
  public let observations: Observations
  /// From here on the log knows: one second before its first line, or that line's where it is not
  /// known what is there now, or the second of the first line behind those that could not be read.
  ///
  /// Of an empty log it is when the present state was collected.
  public let knownFrom: Instant
  /// How many lines were read, whether or not they made sense.
  public let linesRead: Int
  /// The log that it is from.
  public let source: Report.Source
  /// Contradictions and lines that do not parse, one sentence each.
  public internal(set) var warnings: [String]
  /// Files that could not be read, or are none of the log's; one sentence each.
  public let failures: [String]
  /// Whether nothing at all is known.
  private let isUnknown: Bool

  /// Each observation as a report of `AWS:Application`, made one by one while iterating.
  public func reports(node: NodeID) -> some Sequence<Report> {
    observations.lazy.map { [source] observation in
      let entry = Report.Entry(
        type: .application, schemaVersion: "1.1", captureTime: observation.validTime,
        content: observation.items)
      return Report(node: node, entries: [entry], origin: .imported(source))
    }
  }

  /// The same in the form of all importers, as a history of one node.
  public func imported(node: NodeID) -> ImportedHistory {
    var warnings = Warnings()
    for warning in self.warnings { warnings.add(warning) }
    return ImportedHistory(
      reports: ImportedReports { AnyIterator(reports(node: node).makeIterator()) },
      knownFrom: linesRead == 0 || isUnknown ? nil : knownFrom, warnings: warnings.sentences,
      failures: failures, recordsRead: linesRead)
  }
}

extension PackageHistory {
  /// Puts what the log has of each package together with the packages as they are now.
  ///
  /// Where `current` is nil, packages that no line names are unknown, and the state before the log
  /// with them.
  init<P: LoggedPackage>(
    of source: Report.Source, tracks: [(P, PackageTrack)], current: [Item]?, capturedAt: Instant,
    reading: PackageLogReading
  ) {
    self.source = source
    var builder = Builder<P>(current)
    for (package, track) in tracks { builder.add(package, track) }
    let (initial, changes) = builder.sorted()
    // Before a line that could not be read, or while one package is unknown, all are.
    let unknown = ([reading.knownFrom] + tracks.map(\.1.knownFrom)).compactMap { $0 }.max()
    let before = current == nil ? nil : reading.firstLine?.advanced(bySeconds: -1)
    let base = unknown ?? before
    observations =
      reading.isUnknown
      ? Observations(base: nil, initial: [], changes: [])
      : Observations(base: base, initial: initial, changes: changes)
    knownFrom = base ?? reading.firstLine ?? capturedAt
    linesRead = reading.lineCount
    warnings = reading.warnings + builder.warnings
    failures = reading.failures
    isUnknown = reading.isUnknown
  }

  /// Says so where a log without the packages of today begins after the machine's installation.
  mutating func warnAloneIfOlder(_ tracks: [PackageTrack], _ current: [Item]?) {
    let older = tracks.count { $0.initial != nil }
    guard current == nil, older > 0 else { return }
    warnings.append(
      "the log begins after the installation of the machine: \(older) of its packages are older,"
        + " and those that no line names are in no observation")
  }

  /// Collects one slot for each package, now installed or only in the log.
  private struct Builder<P: LoggedPackage> {
    var keys: [PackageKey] = []
    var present: [Item?] = []
    var initial: [Item?] = []
    var changes: [Change] = []
    var warnings: [String] = []
    private var slots: [PackageKey: Int] = [:]
    private let knowsPresent: Bool

    init(_ current: [Item]?) {
      knowsPresent = current != nil
      for item in current ?? [] {
        let key = P.key(of: item)
        // A second item of one key is not the log's; it keeps a slot that no line of the log reaches.
        if slots[key] == nil { slots[key] = keys.count }
        keys.append(key)
        present.append(item)
        initial.append(item)
      }
    }

    mutating func add(_ package: P, _ track: PackageTrack) {
      let key = package.key
      let slot = slots[key] ?? keys.count
      if slot == keys.count {
        slots[key] = slot
        keys.append(key)
        present.append(nil)
        initial.append(nil)
      }
      let item = present[slot]
      warnings += track.contradictions
      let logged = track.held.map { P.form($0.version) }
      let now = item.map(P.version(of:))
      if knowsPresent, logged != now {
        warnings.append(
          "\(track.label): the log ends with \(track.name(logged)) installed, now it is"
            + " \(track.name(now))")
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
      of held: PackageTrack.Held, _ package: P, present: Item?, isLast: Bool
    ) -> Item {
      guard var item = present, P.version(of: item) == P.form(held.version) else {
        return package.item(
          version: held.version, installedAt: held.installedAt, present: present)
      }
      // Where nothing was collected, the log's time counts.
      if !isLast || item["InstalledTime"] == nil {
        item["InstalledTime"] = held.installedAt?.description
      }
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

extension PackageHistory.Observations {
  /// Makes one observation after the other; O(packages) each.
  public struct Iterator: IteratorProtocol {
    private let changes: [PackageHistory.Change]
    private var base: Instant?
    private var slots: [Item?]
    private var position = 0

    fileprivate init(_ observations: PackageHistory.Observations) {
      changes = observations.changes
      base = observations.base
      slots = observations.initial
    }

    /// The next observation, or nil after the last.
    public mutating func next() -> PackageHistory.Observation? {
      if let base {
        self.base = nil
        while position < changes.count, changes[position].instant <= base { apply() }
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
          apply()
        }
        // What comes and goes within one second was never there for longer than none.
        if before.contains(where: { slots[$0.key] != $0.value }) { return observation(at: instant) }
      }
      return nil
    }

    private mutating func apply() {
      slots[changes[position].slot] = changes[position].item
      position += 1
    }

    private func observation(at instant: Instant) -> PackageHistory.Observation {
      PackageHistory.Observation(validTime: instant, items: slots.compactMap { $0 })
    }
  }
}
