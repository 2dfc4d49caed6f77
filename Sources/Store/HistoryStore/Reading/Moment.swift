package import Inventory

/// What a question is about in both times: when it was so, and what was known of it.
///
/// Valid times are whole seconds: a moment `at` is the second that begins with it.
package struct Moment: Sendable, Equatable {
  /// The valid time; nil for the newest observation of each thing, even where a node's clock is ahead.
  package var at: Instant?
  /// Only what was recorded by this time counts; nil for all that is known.
  package var knownAt: Instant?
  /// Only log records up to this one count; nil for all.
  package var through: SequenceNumber?

  /// The newest of all that is known, unless told otherwise.
  package init(at: Instant? = nil, knownAt: Instant? = nil, through: SequenceNumber? = nil) {
    self.at = at
    self.knownAt = knownAt
    self.through = through
  }
}
