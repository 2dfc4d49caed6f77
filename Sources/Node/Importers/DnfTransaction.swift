import Collectors
import Inventory

/// A transaction of dnf as its history has it.
struct DnfTransaction: Sendable {
  /// What became of a package.
  struct Step: Sendable {
    var package: RpmLogPackage
    var action: Action?
    var reason: Int64
    var isDone: Bool
    /// Whether the history only says that something took its place.
    var isReplaced = false
  }

  /// What dnf does with a package, by libdnf's numbers.
  enum Action: Int64, CaseIterable, Sendable {
    case install = 1
    case downgrade = 2
    case downgraded = 3
    case obsolete = 4
    case obsoleted = 5
    case upgrade = 6
    case upgraded = 7
    case remove = 8
    case reinstall = 9
    case reinstalled = 10
    case reasonChange = 11

    /// Whether it is said why a package came or went.
    var tellsReason: Bool { self == .install || self == .remove }
  }

  var id: Int64
  var start: Instant
  /// Nil where the transaction never came to its end.
  var end: Instant?
  /// Libdnf's number: 1 is done, 2 is an error.
  var state: Int64
  var releaseVersion: String
  /// Nil where nobody was logged in.
  var userID: Int64?
  var commandLine: String
  var comment: String
  var steps: [Step] = []

  /// Says of packages that were replaced whether by another version of theirs, by the same, or by
  /// another package.
  mutating func decideReplaced() {
    var arrived: [String: Action] = [:]
    for step in steps where step.action == .upgrade || step.action == .downgrade {
      arrived[step.package.place] = step.action
    }
    let again = Set(steps.lazy.filter { $0.action == .reinstall }.map(\.package))
    for index in steps.indices where steps[index].isReplaced {
      if again.contains(steps[index].package) {
        steps[index].action = .reinstalled
      } else if let action = arrived[steps[index].package.place] {
        steps[index].action = action == .upgrade ? .upgraded : .downgraded
      }
    }
  }

  /// The transaction as an item of `Custom:DnfTransaction`; nil where it never ended.
  var item: Item? {
    guard let end else { return nil }
    var values: [String: String?] = [
      "StartDate": start.description, "EndDate": end.description,
      "CommandLine": ImportedItem.present(Redaction.line(commandLine)),
      "UserId": userID.map { String($0) }, "Comment": ImportedItem.present(comment),
      "ReleaseVersion": ImportedItem.present(releaseVersion),
      "Result": state == 1 ? "Done" : state == 2 ? "Failed" : "Unknown",
    ]
    for (name, list) in lists {
      values[name] = list.joined(separator: ", ")
      values[name + "Count"] = String(list.count)
    }
    return ImportedItem.item(values)
  }

  /// Packages by what became of them, as apt's history writes them.
  private var lists: [String: [String]] {
    var old: [String: String] = [:]
    for step in steps where step.action == .upgraded || step.action == .downgraded {
      old[step.package.place] = step.package.dnfVersion
    }
    var lists: [String: [String]] = [:]
    for step in steps {
      guard let action = step.action, let list = Self.lists[action] else { continue }
      var words = [step.package.dnfVersion]
      if action == .upgrade || action == .downgrade, let before = old[step.package.place] {
        words.insert(before, at: 0)
      }
      // What was asked for by name needs no further reason, unless that is all that became of it.
      if action == .reasonChange || (action.tellsReason && step.reason != Self.wanted) {
        words += [Self.reasons[step.reason]].compactMap { $0 }
      }
      let text = "\(step.package.place) (\(words.joined(separator: ", ")))"
      lists[step.isDone ? list : "Failed", default: []].append(text)
    }
    return lists
  }

  private static let lists: [Action: String] = [
    .install: "Installed", .obsolete: "Installed", .reinstall: "Reinstalled", .upgrade: "Upgraded",
    .downgrade: "Downgraded", .remove: "Removed", .obsoleted: "Obsoleted",
    .reasonChange: "Marked",
  ]
  /// The number of the reason that someone asked for it.
  private static let wanted: Int64 = 2
  /// Why a package is there, by libdnf's numbers.
  private static let reasons: [Int64: String] = [
    1: "dependency", wanted: "user", 3: "clean", 4: "weak dependency", 5: "group",
  ]

  /// What it says of each package, in the order in which that makes sense.
  ///
  /// What is gone because of another package comes behind that.
  var events: [RpmLogLine.Event] {
    var arrived: Set<RpmLogPackage> = []
    var events: [RpmLogLine.Event] = []
    var later: [RpmLogLine.Event] = []
    for step in steps where step.isDone {
      let package = step.package
      switch step.action {
      case .install, .obsolete:
        if arrived.insert(package).inserted { events.append(.arrived(package)) }
      case .upgrade, .downgrade:
        if arrived.insert(package).inserted { events.append(.replacing(package)) }
      case .reinstall: events.append(.reinstalled(package))
      case .upgraded, .downgraded: later.append(.replaced(package))
      case .remove, .obsoleted: later.append(.left(package))
      case .reinstalled, .reasonChange, nil: break
      }
    }
    return events + later
  }
}

extension RpmLogPackage {
  /// `name.architecture`.
  var place: String { "\(name).\(architecture)" }

  /// The version as dnf shows it: the epoch only where there is one.
  var dnfVersion: String { (epoch == "0" ? "" : epoch + ":") + "\(version)-\(release)" }
}

extension RpmLogLine.Event {
  /// The package that the line names; nil where it names no version.
  var package: RpmLogPackage? {
    switch self {
    case .arrived(let package), .replacing(let package), .reinstalled(let package),
      .replaced(let package), .left(let package), .installed(let package), .updated(let package):
      package
    case .erased: nil
    }
  }
}
