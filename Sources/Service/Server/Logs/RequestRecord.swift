import AWSProtocol
import Inventory
import Logging
import Synchronization

/// What becomes known of a request while it is answered, for the log and the audit.
final class RequestRecord: Sendable {
  /// That of the task that runs.
  @TaskLocal static var current: RequestRecord?

  private struct Facts {
    var caller: Caller?
    /// The key that a request names, which is not sure to be its signer's.
    var claim: String?
    var bytesIn = 0
    var bytesOut = 0
  }

  let id: String
  /// Where the request comes from: the address and the port.
  let address: String
  private let start = ContinuousClock.now
  private let facts = Mutex(Facts())

  init(id: String, address: String) {
    self.id = id
    self.address = address
  }

  /// Notes who asks, once that is sure.
  func note(_ caller: Caller) { facts.withLock { $0.caller = caller } }

  /// Notes who a request says it is of, where that is not so.
  func noteClaim(_ key: String) { facts.withLock { $0.claim = key } }

  /// Notes bytes of the body that came.
  func noteIn(_ count: Int) { facts.withLock { $0.bytesIn += count } }

  /// Notes bytes of the answer's body.
  func noteOut(_ count: Int) { facts.withLock { $0.bytesOut += count } }

  /// Microseconds since it began.
  var microseconds: Int64 { (ContinuousClock.now - start).microseconds }

  /// Who asks, and where from.
  var origin: Logger.Metadata { origin(facts.withLock { $0 }) }

  private func origin(_ facts: Facts) -> Logger.Metadata {
    var origin: Logger.Metadata = ["request": "\(id)", "address": "\(address)"]
    if let claim = facts.claim { origin["claimedKey"] = "\(claim.printable)" }
    guard let caller = facts.caller, !caller.keyID.isEmpty else { return origin }
    origin["key"] = "\(caller.keyID)"
    if let node = caller.node { origin["node"] = "\(node)" }
    origin["account"] = "\(caller.scope.account)"
    origin["region"] = "\(caller.scope.region)"
    return origin
  }

  /// The line of a request that is answered.
  func log(_ operation: String, status: Int, to logger: Logger) {
    guard logger.logLevel <= .info else { return }
    let facts = facts.withLock { $0 }
    var line = origin(facts)
    line["operation"] = "\(operation)"
    line["status"] = "\(status)"
    line["bytesIn"] = "\(facts.bytesIn)"
    line["bytesOut"] = "\(facts.bytesOut)"
    line["microseconds"] = "\(microseconds)"
    logger.info("request", metadata: line)
  }

  /// The line of a change.
  func log(_ deed: Deed, to audit: Logger) {
    let level: Logger.Level = deed.isRoutine ? .info : .notice
    guard audit.logLevel <= level else { return }
    var line = origin
    for object in deed.told { line[object.name] = "\(object.value)" }
    if let scope = deed.scope {
      line["account"] = "\(scope.account)"
      line["region"] = "\(scope.region)"
    }
    line["operation"] = "\(deed.operation)"
    audit.log(level: level, "change", metadata: line)
  }
}

extension Duration {
  var microseconds: Int64 {
    components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
  }
}
