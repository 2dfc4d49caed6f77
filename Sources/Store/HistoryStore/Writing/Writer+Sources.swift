import Inventory
import LMDB
import PackedBytes

// Sources of imported reports: their numbers, and what each has said already.

extension Writer {
  /// The number of a report's source, which is the next one where it is new; 0 for the node itself.
  func findSource(
    _ origin: Report.Origin, _ scope: ScopeState
  ) -> Result<SourceNumber, ReportError> {
    guard case .imported(let source) = origin else { return .success(0) }
    let sources = scope.row.sources
    if let index = sources.firstIndex(of: source) {
      return .success(SourceNumber(index + 1))
    }
    guard sources.count < ScopeRow.sourcesMax else {
      return .failure(
        ReportError(.tooManySources, "\(scope.row.scope) has \(sources.count) sources already"))
    }
    return .success(SourceNumber(sources.count + 1))
  }

  /// Gives a source the next number.
  func addSource(_ source: Report.Source, to scope: ScopeState) {
    scope.row.sources.append(source)
    scope.catalog.sources.append(source)
    scope.isRowDirty = true
    meta.catalogGeneration += 1
  }

  /// Whether the last that a source said of this valid time is the same.
  ///
  /// Sources that say the same are kept beside each other: each is asked later what it knew.
  func isKnown(
    _ placement: Placement, _ items: [StoredItem], of series: Series,
    _ transaction: inout WriteTransaction
  ) throws(StoreError) -> Bool {
    let place = placement.place
    guard let prior = placement.prior, !prior.hasEnded, prior.place.valid == place.valid else {
      return false
    }
    if prior.source == placement.source { return placement.changes.isEmpty }
    var last: Place?
    let first = Place(valid: place.valid, sequence: 0)
    try transaction.view.walkStates(series, from: first, tables: tables) { state in
      guard state.place.valid == place.valid else { return false }
      if state.hasEnded {
        last = nil
      } else if state.source == placement.source {
        last = state.place
      }
      return true
    }
    guard let last else { return false }
    let layout = try transaction.view.layout(series, atOrBefore: last, tables: tables)
    return layout.items.sorted() == items.sorted()
  }
}
