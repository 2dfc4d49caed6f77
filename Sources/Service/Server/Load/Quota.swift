import Synchronization

/// Whom a request is counted for.
struct Payer: Sendable {
  /// The key that it names; nil for one that names none.
  var key: String?
  /// The address that it comes from.
  var address: String

  /// The same while it is not proven that the key is its own: a name that only this address has, so that
  /// nobody uses up what the key has elsewhere.
  var unproven: Payer { Payer(key: key.map { "\($0) \(address)" }, address: address) }
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
  /// What one address can have.
  let addressMax: Int
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

  /// Counts for another key of the same address what one took; false where that has not so much left.
  private func move(_ count: Int, from payer: Payer, to key: String) -> Bool {
    state.withLock { state in
      guard (state.byKey[key] ?? 0) + count <= keyMax else { return false }
      if let before = payer.key { Self.reduce(&state.byKey, before, by: count) }
      if count > 0 { state.byKey[key, default: 0] += count }
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
    private struct Content {
      var payer: Payer
      var count = 0
    }

    private let quota: Quota
    private let mayTakeLast: Bool
    private let content: Mutex<Content>

    fileprivate init(_ quota: Quota, _ payer: Payer, mayTakeLast: Bool) {
      self.quota = quota
      self.mayTakeLast = mayTakeLast
      content = Mutex(Content(payer: payer))
    }

    deinit {
      let content = content.withLock { $0 }
      if content.count > 0 { quota.giveBack(content.count, content.payer) }
    }

    /// Takes more; false where there is not so much left.
    func take(_ more: Int) -> Bool {
      content.withLock { content in
        guard quota.take(more, content.payer, mayTakeLast: mayTakeLast) else { return false }
        content.count += more
        return true
      }
    }

    /// Counts what is in it for a key from now on; false where that key has not so much left.
    func move(to key: String?) -> Bool {
      guard let key else { return true }
      return content.withLock { content in
        guard quota.move(content.count, from: content.payer, to: key) else { return false }
        content.payer.key = key
        return true
      }
    }
  }
}
