import Synchronization

/// Counts what is being worked on, and refuses more than the limits.
final class Admission: Sendable {
  private struct State {
    var requests = 0
    var bytes = 0
  }

  private let limits: ServerLimits
  private let state = Mutex(State())

  init(limits: ServerLimits) { self.limits = limits }

  /// A place for one request with the bytes of its body; nil where there is none.
  func enter() -> Ticket? {
    let isAdmitted = state.withLock { state in
      guard state.requests < limits.requestsInFlightMax else { return false }
      state.requests += 1
      return true
    }
    return isAdmitted ? Ticket(admission: self) : nil
  }

  /// What is being worked on now.
  var load: (requests: Int, bytes: Int) { state.withLock { ($0.requests, $0.bytes) } }

  fileprivate func reserve(_ count: Int) -> Bool {
    state.withLock { state in
      guard state.bytes + count <= limits.bodyBytesInFlightMax else { return false }
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
    private let bytes = Mutex(0)

    fileprivate init(admission: Admission) { self.admission = admission }

    deinit { admission.leave(bytes.withLock { $0 }) }

    /// Makes room for bytes of the body; false where there is none.
    func reserve(_ count: Int) -> Bool {
      guard admission.reserve(count) else { return false }
      bytes.withLock { $0 += count }
      return true
    }
  }
}
