import ServiceLifecycle
import Synchronization

/// Takes the haste out of clients that ask again at once for what they are denied.
///
/// An agent whose node was taken out asks for messages every two seconds for as long as it has credentials.
/// The answer is held back as long as one that waits for messages, and the log told once a minute.
final class RefusedPolls: Sendable {
  /// Answers that are held back at a time; more are given at once.
  private static let heldMax = 1024
  /// Refusals that are remembered so as not to be told again; beyond it all are forgotten together.
  private static let toldMax = 10_000
  private static let quietSeconds: Int64 = 60

  private struct State {
    var held = 0
    var told: [String: Int64] = [:]
  }

  private let state = Mutex(State())

  /// Waits, unless too many do; a stop ends it.
  func hold(for seconds: Int64) async {
    let mayWait = state.withLock { state in
      guard state.held < Self.heldMax else { return false }
      state.held += 1
      return true
    }
    guard mayWait else { return }
    defer { state.withLock { $0.held -= 1 } }
    try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(seconds)) }
  }

  /// Whether a refusal was not told within the last minute.
  func isNews(_ text: String, now: Int64) -> Bool {
    state.withLock { state in
      if let last = state.told[text], now - last < Self.quietSeconds { return false }
      if state.told.count >= Self.toldMax { state.told.removeAll() }
      state.told[text] = now
      return true
    }
  }
}
