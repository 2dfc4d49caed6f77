import Collectors
import Inventory
import PlainText

/// How a run of an association went, until the server was told.
///
/// It is kept on disk: where the server is away, what came of the run is told when it is back.
struct AgentRun: Codable, Sendable, Equatable {
  /// The association that asked for it, and what it was told to do.
  var association: String
  var checksum: String
  /// When it ended, in milliseconds since 1970.
  var ended: Int64 = 0
  /// Types, files and scripts that were asked.
  var sourceCount = 0
  /// Those of which nothing could be collected, and why not of the first.
  var failureCount = 0
  var firstFailure: String?
  /// Reports that the server refused since it began, and why it refused the first.
  var refusalCount = 0
  var firstRefusal: String?
  /// Reports that had to go before they could be sent.
  var droppedCount = 0

  /// Takes what the association says.
  init(association: String, checksum: String) {
    self.association = association
    self.checksum = checksum
  }

  /// What a server may be told in one text; that of AWS takes no more.
  private static let summaryBytesMax = 512

  /// Whether all that was asked for was collected, and nothing of it was lost on its way.
  var isSuccess: Bool { failureCount == 0 && refusalCount == 0 && droppedCount == 0 }

  /// Notes what could not be collected.
  mutating func note(_ result: CollectionResult) {
    sourceCount += result.collected.count
    // What a machine does not have would fail for ever, and nobody could mend it.
    let failures = result.failures.filter { !$0.isUnavailable }
    failureCount += failures.count
    firstFailure = firstFailure ?? failures.first.map(String.init(describing:))
  }

  /// Notes that nothing could be collected at all.
  mutating func note(failure: String) {
    sourceCount += 1
    failureCount += 1
    firstFailure = firstFailure ?? failure
  }

  /// What went wrong, in one sentence; nil where nothing did.
  var complaint: String? {
    var parts: [String] = []
    if failureCount > 0 {
      parts.append(
        "\(failureCount) of \(counted(sourceCount, "type")) failed: \(firstFailure ?? "")")
    }
    if refusalCount > 0 {
      let verb = refusalCount == 1 ? "was" : "were"
      parts.append("\(counted(refusalCount, "report")) \(verb) refused: \(firstRefusal ?? "")")
    }
    if droppedCount > 0 {
      parts.append("\(counted(droppedCount, "report")) had to go: the queue was full")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// What the server is told: in the words of amazon-ssm-agent, and then what went wrong.
  var summary: String {
    let (success, failed) = isSuccess ? (1, 0) : (0, 1)
    let counts =
      "1 out of 1 plugin processed, \(success) success, \(failed) failed, 0 timedout, 0 skipped. "
    return text(cutTo: Self.summaryBytesMax, counts + (complaint?.withoutControls ?? ""))
  }
}
