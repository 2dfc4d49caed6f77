import FleetModel
import HistoryStore
import Inventory

/// Everything the benchmarks ask a store: the one place that knows the library's questions.
struct Questions {
  let store: HistoryStore

  /// An answer as the library gives it.
  enum Answer {
    case state(InventoryState)
    case holders([Holding])
    case differences([TypeDifference])
    case changes([Change])
    case rollout([RolloutStep])
  }

  /// Kinds of question that can be put to the store.
  static let kinds = ["current", "asof", "diff", "history", "who", "rollout", "changes"]

  /// Makes a question ready, so that only the store's own work is timed; nil for other kinds.
  func prepared(_ query: FleetQuery) throws -> (() throws -> Answer)? {
    let store = store
    switch query.q {
    case "asof", "current":
      let node = try node(query)
      let at = query.time.map { Instant(seconds: $0) }
      return { .state(try store.state(of: node, type: .application, at: at)) }
    case "history":
      let node = try node(query)
      return { .changes(try store.history(of: node, type: .application)) }
    case "diff":
      let node = try node(query)
      let (from, to) = (try time(query.from, query), try time(query.to, query))
      return {
        .differences(try store.diff(of: node, type: .application, from: from, to: to))
      }
    case "who":
      let (name, version) = (try name(query), query.version)
      let at = try time(query.time, query)
      return { .holders(try store.holders(of: name, version: version, at: at)) }
    case "rollout":
      let name = try name(query)
      let from = try time(query.from, query)
      let times = (0..<(query.days ?? 0)).map { from.advanced(bySeconds: Int64($0) * 86400) }
      return { .rollout(try store.rollout(of: name, at: times)) }
    case "changes":
      let (from, to) = (try time(query.from, query), try time(query.to, query))
      return { .changes(try store.changes(from: from, to: to)) }
    default: return nil
    }
  }

  private func node(_ query: FleetQuery) throws -> NodeID {
    guard let host = query.host else { throw Failure("a query \(query.q) lacks its host") }
    return try NodeID(host)
  }

  private func name(_ query: FleetQuery) throws -> String {
    guard let name = query.name else { throw Failure("a query \(query.q) lacks its name") }
    return name
  }

  private func time(_ seconds: Int64?, _ query: FleetQuery) throws -> Instant {
    guard let seconds else { throw Failure("a query \(query.q) lacks a time") }
    return Instant(seconds: seconds)
  }
}

extension Questions.Answer {
  /// What the answer's size is counted in: items, nodes, changes or steps.
  var unitCount: Int {
    switch self {
    case .state(let state): state.items.count
    case .holders(let holders): holders.count
    case .differences(let list): list.reduce(0) { $0 + $1.differences.count }
    case .changes(let changes): changes.count
    case .rollout(let steps): steps.count
    }
  }

  /// The answer as lines of a digest.
  func lines(for query: FleetQuery) -> DigestLines {
    var lines = DigestLines()
    switch self {
    case .state(let state):
      for item in state.items {
        let installed = item["InstalledTime"].flatMap { Instant(captureTime: $0) }
        lines.add(
          item["Name"] ?? "", item["Version"] ?? "", installed.map { "\($0.seconds)" } ?? "")
      }
    case .holders(let holders):
      for holding in holders { lines.add(holding.node.text) }
      lines.removeDuplicates()
    case .differences(let list):
      var pairs = ChangePairs()
      for difference in list.flatMap(\.differences) {
        pairs.add(
          name: difference.identity["Name"] ?? "", old: difference.old?["Version"],
          new: difference.new?["Version"])
      }
      return pairs.lines
    case .changes(let changes):
      var pairs = ChangePairs()
      for change in changes where change.type == .application {
        let node = query.q == "changes" ? "\(change.node)\t" : ""
        pairs.add(
          prefix: "\(change.validTime.seconds)\t\(node)", name: change.identity["Name"] ?? "",
          old: change.old?["Version"], new: change.new?["Version"])
      }
      return pairs.lines
    case .rollout(let steps):
      for step in steps {
        for (version, count) in step.nodesByVersion {
          lines.add("\(step.at.seconds)", version, "\(count)")
        }
      }
    }
    return lines
  }
}
