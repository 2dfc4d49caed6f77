import Synchronization

/// What a collector could not read in full.
final class Notes: Sendable {
  /// Sentences that are kept; more are only counted.
  private static let countMax = 20

  private let sentences = Mutex<(kept: [String], left: Int)>(([], 0))

  func add(_ sentence: String) {
    sentences.withLock { notes in
      if notes.kept.count < Self.countMax { notes.kept.append(sentence) } else { notes.left += 1 }
    }
  }

  /// The sentences, and how many more there were.
  var all: [String] {
    sentences.withLock { $0.left > 0 ? $0.kept + ["and \($0.left) more"] : $0.kept }
  }
}
