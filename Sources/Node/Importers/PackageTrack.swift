import Inventory

/// What distinguishes packages: a name and an architecture, as items have them, and the version
/// where several can be installed beside each other.
struct PackageKey: Hashable, Comparable, Sendable {
  var name: String
  var architecture: String
  var version = ""

  static func < (a: Self, b: Self) -> Bool {
    (a.name, a.architecture, a.version) < (b.name, b.architecture, b.version)
  }
}

/// A package as a log names it.
protocol LoggedPackage: Hashable, Sendable {
  /// What warnings call it.
  var label: String { get }
  var key: PackageKey { get }
  /// The key of a package that was collected.
  static func key(of item: Item) -> PackageKey
  /// The version of a package that was collected, in the form of the log.
  static func version(of item: Item) -> String
  /// A version of the log in the form in which ``version(of:)`` gives it.
  static func form(_ version: String) -> String
  /// An item with all that the log can know; `present` is the package in another version.
  func item(version: String, installedAt: Instant?, present: Item?) -> Item
}

extension LoggedPackage {
  static func form(_ version: String) -> String { version }
}

/// Follows one package through a log: which version was held from when on.
///
/// What held before the first line is what that line says was there.
struct PackageTrack: Sendable {
  /// A version that is installed, and since when if the log tells.
  struct Held: Hashable, Sendable {
    var version: String
    var installedAt: Instant?
  }

  /// From `instant` on the package is held so, or not at all.
  struct Change: Hashable, Sendable {
    var instant: Instant
    var held: Held?
  }

  let label: String
  /// What held before the log.
  private(set) var initial: Held?
  /// What held from when on, in the order of the log.
  private(set) var changes: [Change] = []
  /// What does not fit together, one sentence each.
  private(set) var contradictions: [String] = []
  /// What holds after the last line.
  private(set) var held: Held?
  /// Whether any line has told what was there.
  var isKnown = false
  /// From when on the log tells what is there; nil where it does from its beginning.
  var knownFrom: Instant?

  init(label: String) { self.label = label }

  /// The line can only be there if this version is installed, or none.
  ///
  /// `isVague` says that other lines may hold another version without contradiction.
  mutating func expect(_ version: String?, isVague: Bool = false, at instant: Instant) {
    if !isKnown {
      isKnown = true
      initial = version.map { Held(version: $0, installedAt: nil) }
      held = initial
      return
    }
    guard !isVague, held?.version != version else { return }
    contradictions.append(
      "\(label): \(name(held?.version)) until \(instant), where the log goes on with"
        + " \(name(version)); lines seem to be missing")
    change(to: version, since: nil, at: instant)
  }

  /// From here on this version is held, or none; it was installed then, as far as the log tells.
  mutating func change(to version: String?, at moment: LogMoment) {
    change(to: version, since: moment.told, at: moment.instant)
  }

  /// From here on none is held.
  mutating func end(at instant: Instant) { change(to: nil, since: nil, at: instant) }

  private mutating func change(to version: String?, since told: Instant?, at instant: Instant) {
    held = version.map { Held(version: $0, installedAt: told) }
    changes.append(Change(instant: instant, held: held))
  }

  mutating func contradict(_ text: String) { contradictions.append("\(label): \(text)") }

  /// A version for a sentence.
  func name(_ version: String?) -> String { version ?? "nothing" }
}
