import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

// What became of associations, for people and programs.

extension Associations {
  /// The executions that are kept, the oldest first.
  func executions(_ association: String, _ scope: Scope) throws -> [AssociationExecution] {
    try store.controlRows(prefix: AssociationExecution.prefix(association, scope)).compactMap {
      AssociationExecution($0.value)
    }
  }

  func newestExecution(_ association: String, _ scope: Scope) throws -> AssociationExecution? {
    try executions(association, scope).last
  }
}
