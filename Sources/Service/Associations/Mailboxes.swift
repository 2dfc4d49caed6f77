import Inventory
import Synchronization

/// A node in its account and Region: in another one the same id is another node.
struct ScopedNode: Hashable, Sendable {
  var scope: Scope
  var id: String
}

/// Messages for nodes, and the nodes that wait for some.
///
/// In memory alone: what a message asks for is in the store as well, and found when the agent next asks
/// what it is to do. A message is given out again where nobody acknowledged it in time.
final class Mailboxes: Sendable {
  /// Messages that wait for one node; more replace the oldest, for each asks for the same.
  private static let messagesMax = 16
  /// How often a message is given out that nobody acknowledges.
  static let deliveriesMax = 5
  /// For how long it is, in milliseconds: as long as the agent remembers which it had.
  static let ageMillisecondsMax: Int64 = 600_000
  /// Boxes that are kept; beyond it those go in which nobody waits and nothing lies.
  static let boxesMax = 1 << 18

  private struct Waiting {
    var number: Int
    var continuation: CheckedContinuation<[Message], Never>
  }

  private struct Box {
    var messages: [Message] = []
    /// Until when each message is hidden, in milliseconds since 1970; by id.
    var hidden: [String: Int64] = [:]
    /// How often each message was given out; by id.
    var deliveries: [String: Int] = [:]
    var waiting: Waiting?

    /// Whether nobody waits, and nothing lies there that would still be given out.
    func isIdle(at now: Int64) -> Bool {
      waiting == nil
        && messages.allSatisfy {
          now - $0.created.milliseconds > Mailboxes.ageMillisecondsMax
        }
    }

    mutating func give(_ message: Message, hiddenUntil time: Int64) {
      hidden[message.id] = time
      deliveries[message.id, default: 0] += 1
    }

    mutating func remove(_ id: String) -> Bool {
      hidden[id] = nil
      deliveries[id] = nil
      guard let index = messages.firstIndex(where: { $0.id == id }) else { return false }
      messages.remove(at: index)
      return true
    }

    /// Those that can be given out at a time; such as were given out too often or too long ago are dropped.
    mutating func visible(at now: Int64) -> [Message] {
      let shown = messages.filter { (hidden[$0.id] ?? 0) <= now }
      let dead = shown.filter {
        (deliveries[$0.id] ?? 0) >= Mailboxes.deliveriesMax
          || now - $0.created.milliseconds > Mailboxes.ageMillisecondsMax
      }
      for message in dead { _ = remove(message.id) }
      return shown.filter { message in !dead.contains { $0.id == message.id } }
    }

    /// When the next that is hidden is shown again.
    var nextShown: Int64? { messages.compactMap { hidden[$0.id] }.min() }
  }

  private struct State {
    var boxes: [ScopedNode: Box] = [:]
    /// How many boxes there are when idle ones are next looked for.
    var boxesMax: Int
    var number = 0
    var deadlines = WaitDeadlines()
    var isSweeping = false
    var isClosed = false

    /// Puts a box back, and makes room where there are too many.
    mutating func keep(_ box: Box, of node: ScopedNode, at now: Instant) {
      boxes[node] = box
      guard boxes.count > boxesMax else { return }
      boxes = boxes.filter { !$0.value.isIdle(at: now.milliseconds) }
      // Where nearly all are in use, the next look is not at once.
      boxesMax = max(boxesMax, 2 * boxes.count)
    }
  }

  private let state: Mutex<State>
  private let waitSeconds: Int64

  init(waitSeconds: Int64, boxesMax: Int = Mailboxes.boxesMax) {
    self.waitSeconds = waitSeconds
    state = Mutex(State(boxesMax: boxesMax))
  }

  /// The nodes of a scope that ask for messages: such as wait, or did a moment ago.
  func waiting(in scope: Scope) -> [String] {
    state.withLock { state in
      state.boxes.keys.filter { $0.scope == scope }.map(\.id).sorted()
    }
  }

  /// Whether a node asked for messages since the server began.
  func knows(_ node: ScopedNode) -> Bool { state.withLock { $0.boxes[node] != nil } }

  /// Puts a message into a node's box, and wakes the node.
  func post(_ message: Message, to node: ScopedNode) {
    let woken = state.withLock { state -> Waiting? in
      var box = state.boxes[node] ?? Box()
      // One that asks for the same is there already: given out, or about to be.
      guard !box.messages.contains(where: { $0.id == message.id }) else { return nil }
      box.messages.append(message)
      if box.messages.count > Self.messagesMax, let oldest = box.messages.first {
        _ = box.remove(oldest.id)
      }
      let waiting = box.waiting
      if waiting != nil {
        box.waiting = nil
        box.give(
          message, hiddenUntil: message.created.milliseconds + message.hiddenMilliseconds)
      }
      state.keep(box, of: node, at: message.created)
      return waiting
    }
    woken?.continuation.resume(returning: [message])
  }

  /// The messages for a node; waits for one for a while where there is none.
  func messages(
    for node: ScopedNode, hiddenSeconds: Int64, now: Instant
  ) async -> [Message] {
    let number = state.withLock { state in
      state.number += 1
      return state.number
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (ready, displaced) = begin(
          Waiting(number: number, continuation: continuation), node, hiddenSeconds, now)
        displaced?.continuation.resume(returning: [])
        if let ready { continuation.resume(returning: ready) }
      }
    } onCancel: {
      expire(node, number)
    }
  }

  /// What is there at once; nil where the caller has to wait.
  ///
  /// An earlier wait of the node ends.
  private func begin(
    _ waiting: Waiting, _ node: ScopedNode, _ hiddenSeconds: Int64, _ now: Instant
  ) -> (ready: [Message]?, displaced: Waiting?) {
    state.withLock { state in
      if Task.isCancelled || state.isClosed { return ([], nil) }
      var box = state.boxes[node] ?? Box()
      let displaced = box.waiting
      box.waiting = nil
      let visible = box.visible(at: now.milliseconds)
      for message in visible {
        box.give(message, hiddenUntil: now.milliseconds + hiddenSeconds * 1000)
      }
      if visible.isEmpty {
        box.waiting = waiting
        // At most until a hidden message is shown again, for nobody is woken by that.
        let shown = box.nextShown.map { max(0, $0 - now.milliseconds) } ?? .max
        let time = ContinuousClock.now + .milliseconds(min(waitSeconds * 1000, shown))
        state.deadlines.add(.init(node: node, number: waiting.number, time: time))
        sweep(&state)
      }
      state.keep(box, of: node, at: now)
      return (visible.isEmpty ? nil : visible, displaced)
    }
  }

  private func expire(_ node: ScopedNode, _ number: Int) {
    let waiting = state.withLock { state -> Waiting? in
      guard let waiting = state.boxes[node]?.waiting, waiting.number == number else { return nil }
      state.boxes[node]?.waiting = nil
      return waiting
    }
    waiting?.continuation.resume(returning: [])
  }

  /// How often waits that are over are looked for: often enough that few end, and ask again, together.
  private static let sweepInterval = Duration.milliseconds(10)

  /// Sees to it that waits end: one task for all of them, because a timer for each costs more than
  /// everything else of a wait.
  private func sweep(_ state: inout State) {
    guard !state.isSweeping else { return }
    state.isSweeping = true
    Task { [self] in
      repeat { try? await Task.sleep(for: Self.sweepInterval) } while endWaits()
    }
  }

  /// Ends the waits whose time has come; false where none is left, and nobody sweeps any more.
  private func endWaits() -> Bool {
    let now = ContinuousClock.now
    let (over, isLeft) = state.withLock { state in
      var over: [Waiting] = []
      while let deadline = state.deadlines.next(at: now) {
        guard let waiting = state.boxes[deadline.node]?.waiting, waiting.number == deadline.number
        else { continue }
        state.boxes[deadline.node]?.waiting = nil
        over.append(waiting)
      }
      state.isSweeping = !state.deadlines.isEmpty
      return (over, state.isSweeping)
    }
    for waiting in over { waiting.continuation.resume(returning: []) }
    return isLeft
  }

  /// Ends all waits, and lets none begin: the server stops.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { for node in state.boxes.keys { state.boxes[node]?.waiting = nil } }
      return state.boxes.values.compactMap(\.waiting)
    }
    for one in waiting { one.continuation.resume(returning: []) }
  }

  /// Takes a message out of its box; false where it is not there.
  func remove(_ id: String, of node: ScopedNode) -> Bool {
    state.withLock { $0.boxes[node]?.remove(id) ?? false }
  }

  /// Lets go of a node that is no more.
  func close(_ node: ScopedNode) {
    let waiting = state.withLock { $0.boxes.removeValue(forKey: node)?.waiting }
    waiting?.continuation.resume(returning: [])
  }
}
