import Synchronization

/// Whom a request is counted for.
struct Payer: Sendable {
  /// The key that it names; nil for one that names none.
  var key: String?
  /// The address that it comes from.
  var address: String
}

/// Something that there is only so much of, and of which no key and no address gets more than a part.
final class Quota: Sendable {
  private struct State {
    var used = 0
    var byKey: [String: Int] = [:]
    var byAddress: [String: Int] = [:]
  }

  private let max: Int
  private let keyMax: Int
  private let addressMax: Int
  /// What is kept of it for those who may take the last; they are not held to the part of an address, for
  /// many nodes can be behind one.
  private let kept: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - keyMax: what one key can have; nil for half.
  ///   - addressMax: what one address can have; nil for half.
  init(_ max: Int, keyMax: Int? = nil, addressMax: Int? = nil, kept: Int = 0) {
    let half = Swift.max(1, max / 2)
    self.max = max
    self.keyMax = keyMax ?? half
    self.addressMax = addressMax ?? half
    self.kept = kept
  }

  /// What is in use.
  var used: Int { state.withLock { $0.used } }

  /// A lot with nothing in it yet.
  func lot(for payer: Payer, mayTakeLast: Bool = false) -> Lot {
    Lot(self, payer, mayTakeLast: mayTakeLast)
  }

  /// A lot with so much in it; nil where there is not so much left.
  func take(_ count: Int, for payer: Payer, mayTakeLast: Bool = false) -> Lot? {
    let lot = lot(for: payer, mayTakeLast: mayTakeLast)
    return lot.take(count) ? lot : nil
  }

  private func take(_ count: Int, _ payer: Payer, mayTakeLast: Bool) -> Bool {
    state.withLock { state in
      guard state.used + count <= max - (mayTakeLast ? 0 : kept),
        payer.key.map({ (state.byKey[$0] ?? 0) + count <= keyMax }) ?? true,
        mayTakeLast || (state.byAddress[payer.address] ?? 0) + count <= addressMax
      else { return false }
      state.used += count
      if let key = payer.key { state.byKey[key, default: 0] += count }
      state.byAddress[payer.address, default: 0] += count
      return true
    }
  }

  private func giveBack(_ count: Int, _ payer: Payer) {
    state.withLock { state in
      state.used -= count
      if let key = payer.key { Self.reduce(&state.byKey, key, by: count) }
      Self.reduce(&state.byAddress, payer.address, by: count)
    }
  }

  /// What has nothing is forgotten, so that names do not gather.
  private static func reduce(_ counts: inout [String: Int], _ name: String, by count: Int) {
    let left = (counts[name] ?? 0) - count
    counts[name] = left > 0 ? left : nil
  }

  /// What somebody took, given back when it is dropped.
  final class Lot: Sendable {
    private let quota: Quota
    private let payer: Payer
    private let mayTakeLast: Bool
    private let count = Mutex(0)

    fileprivate init(_ quota: Quota, _ payer: Payer, mayTakeLast: Bool) {
      self.quota = quota
      self.payer = payer
      self.mayTakeLast = mayTakeLast
    }

    deinit {
      let count = count.withLock { $0 }
      if count > 0 { quota.giveBack(count, payer) }
    }

    /// Takes more; false where there is not so much left.
    func take(_ more: Int) -> Bool {
      guard quota.take(more, payer, mayTakeLast: mayTakeLast) else { return false }
      count.withLock { $0 += more }
      return true
    }
  }
}
