/// The two forms of dnf's history: that of libdnf, which dnf 4 uses, and that of dnf 5.
struct DnfHistoryForm: Sendable {
  /// The tables and columns that are read.
  let tables: [String: Set<String>]
  /// Gives packages, in the order in which they were written: transaction, action, reason, state, name,
  /// epoch, version, release, architecture.
  let steps: String
  /// What each number of an action means.
  let actions: [Int64: DnfTransaction.Action]
  /// The action that does not say whether what took the package's place is a version of it; 0 for none.
  let replacedAction: Int64
  /// The state of a package with which all was done.
  let doneState: Int64
  /// The column with the command line.
  private let description: String
  /// The state of a transaction by the numbers of libdnf: 1 is done, 2 is an error.
  private let state: String

  /// Gives transactions by their numbers: id, beginning, end, release, user, command line, state,
  /// comment.
  func transactions(hasComments: Bool) -> String {
    "SELECT id, dt_begin, dt_end, releasever, user_id, \(description), \(state),"
      + " \(hasComments ? "comment" : "NULL") FROM trans ORDER BY id"
  }

  static let all = [libdnf, dnf5]

  private static let libdnf = DnfHistoryForm(
    tables: [
      "trans": ["id", "dt_begin", "dt_end", "releasever", "user_id", "cmdline", "state"],
      "trans_item": ["id", "trans_id", "item_id", "action", "reason", "state"],
      "rpm": ["item_id", "name", "epoch", "version", "release", "arch"],
    ],
    steps:
      "SELECT i.trans_id, i.action, i.reason, i.state, r.name, r.epoch, r.version, r.release, r.arch"
      + " FROM trans_item i JOIN rpm r ON r.item_id = i.item_id ORDER BY i.id",
    actions: Dictionary(
      uniqueKeysWithValues: DnfTransaction.Action.allCases.map { ($0.rawValue, $0) }),
    replacedAction: 0, doneState: 1, description: "cmdline", state: "state")

  private static let dnf5 = DnfHistoryForm(
    tables: [
      "trans": ["id", "dt_begin", "dt_end", "releasever", "user_id", "description", "state_id"],
      "trans_item": ["id", "trans_id", "item_id", "action_id", "reason_id", "state_id"],
      "rpm": ["item_id", "name_id", "epoch", "version", "release", "arch_id"],
      "pkg_names": ["id", "name"], "archs": ["id", "name"],
    ],
    steps: "SELECT i.trans_id, i.action_id, i.reason_id, i.state_id, n.name, r.epoch, r.version,"
      + " r.release, a.name FROM trans_item i JOIN rpm r ON r.item_id = i.item_id"
      + " JOIN pkg_names n ON n.id = r.name_id JOIN archs a ON a.id = r.arch_id ORDER BY i.id",
    actions: [
      1: .install, 2: .upgrade, 3: .downgrade, 4: .reinstall, 5: .remove, 6: .obsoleted,
      7: .reasonChange,
    ],
    replacedAction: 6, doneState: 2, description: "description", state: "state_id - 1")
}
