package import Inventory
import LMDB
import PackedBytes

/// Whether a question is about a node of a scope.
package typealias NodeChoice = (Scope, NodeID) -> Bool

/// The nodes of a scope that a question is about, by number.
struct ChosenNodes {
  /// Nil where all are.
  private let isChosen: [Bool]?

  static let all = ChosenNodes(isChosen: nil)

  private init(isChosen: [Bool]?) { self.isChosen = isChosen }

  /// Asks once for each node that the scope has.
  init(_ ids: [NodeID?], _ choose: (NodeID) -> Bool) {
    isChosen = ids.map { id in id.map(choose) ?? false }
  }

  var isAll: Bool { isChosen == nil }

  subscript(node: NodeNumber) -> Bool {
    guard let isChosen else { return true }
    return Int(node) < isChosen.count && isChosen[Int(node)]
  }
}

extension Snapshot {
  /// The nodes of a scope that a closure chooses; all of them for nil.
  func nodes(
    of scope: ScopeCatalog, where choose: NodeChoice?
  ) throws(StoreError) -> ChosenNodes {
    guard let choose else { return .all }
    return ChosenNodes(try nodeIDs(scope, atLeast: .max)) { choose(scope.scope, $0) }
  }

  /// The nodes, by type, of which more may be known by now than was through a log record: those that later
  /// records are about.
  ///
  /// Costs the later records.
  func changed(
    in scope: ScopeCatalog, since known: UInt64
  ) throws(StoreError) -> [TypeNumber: Set<NodeNumber>] {
    var changed: [TypeNumber: Set<NodeNumber>] = [:]
    var cursor = try view.storeCursor(in: tables.log)
    let key = Key.log(scope.number, known + 1)
    var isThere = try cursor.seek(atOrAfter: key.rawSpan)
    while isThere, cursor.key.extracting(0..<2).isEqual(to: key.rawSpan.extracting(0..<2)) {
      try checkCancellation()
      let body: LogRecord.Body
      // What is relative to the record's own number is not looked at.
      do throws(PackedBytesError) { body = try LogRecord(cursor.value, sequence: 0).body } catch {
        throw cursor.damaged(error)
      }
      switch body {
      case .report(let report):
        for entry in report.entries where entry.observation != nil {
          changed[entry.type, default: []].insert(report.node)
        }
      case .nodeEvent(let event) where event.kind.endsInventory:
        for row in scope.types { changed[row.number, default: []].insert(event.node) }
      case .typeDeletion(let name, _):
        guard let type = scope.typeNumbers[name] else { break }
        changed[type, default: []].formUnion(
          1..<NodeNumber(max(1, try nodeIDs(scope, atLeast: .max).count)))
      case .scopeOpened, .identityDeclaration, .erasure, .nodeEvent: break
      }
      isThere = try cursor.next()
    }
    return changed
  }
}
