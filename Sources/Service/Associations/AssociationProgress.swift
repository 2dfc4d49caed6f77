/// How a node's collection stands, in the words from which its agent works out when to run.
///
/// As read in the agent: Pending runs at once; in progress never does; else the schedule counts from the
/// last execution, and none means at once. A run in progress that is due again is taken for lost once its
/// last execution is two hours old, and reported as failed. So a run that goes on has a last execution
/// of its own: when the agent last spoke of it.
///
/// A run that failed while the server refused reports is Pending again. What is to run on its schedule alone
/// (ApplyOnlyAtCronInterval) is told as if it had last run when it was made.
struct AssociationProgress: Equatable {
  /// The DetailedStatus.
  var status: String
  /// In milliseconds since 1970; nil has the agent run at once.
  var lastExecuted: Int64?

  /// - Parameters:
  ///   - newest: what was last heard of a run on the node.
  ///   - now: in milliseconds since 1970.
  init(_ effective: EffectiveAssociation, newest: AssociationRun?, now: Int64) {
    let isAsked = effective.asked(newest) > newest?.recorded ?? 0
    // An agent that was told something else has not run this.
    guard let run = newest, run.checksum == effective.checksum else {
      lastExecuted = effective.scheduledFrom.map { max($0, newest?.executed ?? 0) }
      status = isAsked && lastExecuted != nil ? "Pending" : "Associated"
      return
    }
    let isAgain = isAsked || run.isLost(now: now) || run.isOwed == true
    status = isAgain ? "Pending" : run.status
    lastExecuted = run.executed
  }
}
