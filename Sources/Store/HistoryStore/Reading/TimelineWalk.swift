import LMDB
import PackedBytes

/// A state in a timeline, without its content.
struct TimelineState {
  var place: Place
  var hasEnded: Bool
  var source: SourceNumber
}

extension TransactionView {
  /// Hands over the states of a series from a place on, in order; ends where `body` says false.
  func walkStates(
    _ series: Series, from first: Place, tables: Tables, _ body: (TimelineState) -> Bool
  ) throws(StoreError) {
    var cursor = try storeCursor(in: tables.timeline)
    let key = Key.timeline(series, first)
    var isThere = try cursor.seek(atOrBefore: key.rawSpan)
    if !isThere || Key.place(inTimelineKey: cursor.key, of: series) == nil {
      isThere = try cursor.seek(atOrAfter: key.rawSpan)
    }
    while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series) {
      do throws(PackedBytesError) {
        var chunk = try TimelineChunkView(cursor.value, at: place)
        while let entry = try chunk.next() {
          guard entry.kind != .confirmation, entry.place >= first else { continue }
          let state = TimelineState(
            place: entry.place, hasEnded: entry.kind == .ended, source: entry.source)
          if !body(state) { return }
        }
      } catch { throw cursor.damaged(error) }
      isThere = try cursor.next()
    }
    for entry in try tail(series, tables: tables).entries
    where entry.kind == .observation && entry.place >= first {
      if !body(TimelineState(place: entry.place, hasEnded: false, source: entry.source)) { return }
    }
  }
}
