import FleetModel
import Foundation
import HistoryStore
import Inventory

/// Everything the benchmarks ask a store: the one place that knows the library's questions.
final class Questions {
  /// An answer, as compact as the library gives it.
  struct Answer {
    /// Items, nodes, changes or steps.
    var unitCount: Int
    /// The answer as lines of a digest; worked out only when it is called.
    var lines: () throws -> DigestLines
  }

  /// Kinds of question that can be put to the store.
  static let kinds = ["current", "asof", "diff", "history", "who", "rollout", "changes"]

  private let store: HistoryStore
  /// Where states are written as JSON, one after the other.
  private var rendered: [UInt8] = []

  init(store: HistoryStore) { self.store = store }

  /// Makes a question ready, so that only the store's own work is timed; nil for other kinds.
  func prepared(_ query: FleetQuery) throws -> (() throws -> Answer)? {
    switch query.q {
    case "asof", "current":
      let node = try node(query)
      let at = query.time.map { Instant(seconds: $0) }
      return { try self.state(of: node, at: at) }
    case "history":
      let (store, node) = (store, try node(query))
      return {
        let changes = try store.history(of: node, type: .application)
        return Answer(unitCount: changes.count) { Self.lines(changes, withNodes: false) }
      }
    case "changes":
      let (store, from, to) = (store, try time(query.from, query), try time(query.to, query))
      return {
        let changes = try store.changes(from: from, to: to)
        return Answer(unitCount: changes.count) { Self.lines(changes, withNodes: true) }
      }
    case "diff": return try difference(query)
    case "who": return try holders(query)
    case "rollout": return try rollout(query)
    default: return nil
    }
  }

  /// A state, written out as JSON.
  private func state(of node: NodeID, at: Instant?) throws -> Answer {
    let state = try store.state(of: node, type: .application, at: at)
    rendered.removeAll(keepingCapacity: true)
    state.items.appendJSON(to: &rendered)
    return Answer(unitCount: state.items.count) {
      var lines = DigestLines()
      let items = try JSONDecoder().decode([[String: String]].self, from: Data(state.items.json))
      for item in items {
        let installed = item["InstalledTime"].flatMap { Instant(captureTime: $0) }
        lines.add(
          item["Name"] ?? "", item["Version"] ?? "", installed.map { "\($0.seconds)" } ?? "")
      }
      return lines
    }
  }

  private func difference(_ query: FleetQuery) throws -> () throws -> Answer {
    let (store, node) = (store, try node(query))
    let (from, to) = (try time(query.from, query), try time(query.to, query))
    return {
      let types = try store.diff(of: node, type: .application, from: from, to: to)
      return Answer(unitCount: types.reduce(0) { $0 + $1.differences.count }) {
        var pairs = ChangePairs()
        for difference in types.flatMap({ Array($0.differences) }) {
          pairs.add(
            name: difference.identity["Name"] ?? "", old: difference.old?["Version"],
            new: difference.new?["Version"])
        }
        return pairs.lines
      }
    }
  }

  private func holders(_ query: FleetQuery) throws -> () throws -> Answer {
    let (store, name, version) = (store, try name(query), query.version)
    let at = try time(query.time, query)
    return {
      let holders = try store.holders(of: name, version: version, at: at)
      return Answer(unitCount: holders.count) {
        var lines = DigestLines()
        for holder in holders { lines.add(holder.node.text) }
        lines.removeDuplicates()
        return lines
      }
    }
  }

  private func rollout(_ query: FleetQuery) throws -> () throws -> Answer {
    let (store, name, from) = (store, try name(query), try time(query.from, query))
    let times = (0..<(query.days ?? 0)).map { from.advanced(bySeconds: Int64($0) * 86400) }
    return {
      let steps = try store.rollout(of: name, at: times)
      return Answer(unitCount: steps.count) {
        var lines = DigestLines()
        for step in steps {
          for (version, count) in step.nodesByVersion where count > 0 {
            lines.add("\(step.at.seconds)", version, "\(count)")
          }
        }
        return lines
      }
    }
  }

  private static func lines(_ changes: some Sequence<Change>, withNodes: Bool) -> DigestLines {
    var pairs = ChangePairs()
    for change in changes where change.type == .application {
      let node = withNodes ? "\(change.node)\t" : ""
      pairs.add(
        prefix: "\(change.validTime.seconds)\t\(node)", name: change.identity["Name"] ?? "",
        old: change.old?["Version"], new: change.new?["Version"])
    }
    return pairs.lines
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
