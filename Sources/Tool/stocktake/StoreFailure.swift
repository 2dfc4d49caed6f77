import HistoryStore
import Terminal

extension CommandFailure {
  /// Names a store's error, and gives its kind a status.
  init(_ error: StoreError) {
    switch error.code {
    case .unknownName: self.init(.nothingFound, error.description)
    case .invalidQuestion: self.init(.usage, error.description)
    default: self.init(.storeError, error.description)
    }
  }
}

/// Asks for a list, which is empty where a name is not known at all.
func listOrNone<Row>(_ ask: () throws -> [Row]) throws -> [Row] {
  do { return try ask() } catch let error as StoreError where error.code == .unknownName {
    return []
  }
}
