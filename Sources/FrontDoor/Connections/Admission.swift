import Synchronization

/// Counts what is being worked on, and refuses more than the limits.
///
/// An eighth of the places, and a sixteenth of the bytes, are for small calls alone: pings, credentials,
/// and what agents ask and tell of their runs. Throttled, the first ping of an agent costs it five minutes,
/// a status the whole run; a report is sent again within seconds.
final class Admission: Sendable {
  private struct State {
    var requests = 0
    var bytes = 0
  }

  private let limits: ServerLimits
  private let state = Mutex(State())

  init(limits: ServerLimits) { self.limits = limits }

  /// A place for one request with the bytes of its body; nil where there is none.
  func enter(isSmall: Bool = false) -> Ticket? {
    let placesMax = limits.requestsInFlightMax
    // One is left for others in any case.
    let reserved = isSmall ? 0 : min((placesMax + 7) / 8, placesMax - 1)
    let isAdmitted = state.withLock { state in
      guard state.requests < placesMax - reserved else { return false }
      state.requests += 1
      return true
    }
    return isAdmitted ? Ticket(admission: self, isSmall: isSmall) : nil
  }

  /// What is being worked on now.
  var load: (requests: Int, bytes: Int) { state.withLock { ($0.requests, $0.bytes) } }

  fileprivate func reserve(_ count: Int, isSmall: Bool) -> Bool {
    let bytesMax = limits.bodyBytesInFlightMax
    let reserved = isSmall ? 0 : bytesMax / 16
    return state.withLock { state in
      guard state.bytes + count <= bytesMax - reserved else { return false }
      state.bytes += count
      return true
    }
  }

  fileprivate func leave(_ bytes: Int) {
    state.withLock { state in
      state.requests -= 1
      state.bytes -= bytes
    }
  }

  /// A request's place, given back when it is dropped.
  final class Ticket: Sendable {
    private let admission: Admission
    private let isSmall: Bool
    private let bytes = Mutex(0)

    fileprivate init(admission: Admission, isSmall: Bool) {
      self.admission = admission
      self.isSmall = isSmall
    }

    deinit { admission.leave(bytes.withLock { $0 }) }

    /// Makes room for bytes of the body; false where there is none.
    func reserve(_ count: Int) -> Bool {
      guard admission.reserve(count, isSmall: isSmall) else { return false }
      bytes.withLock { $0 += count }
      return true
    }
  }
}
