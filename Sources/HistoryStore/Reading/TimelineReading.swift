import LMDB
import PackedBytes

/// The observation that answers a question, and what surrounds it.
struct FoundState: Equatable {
  var place: Place
  var hasEnded: Bool
  var isImported: Bool
  var version: Int
  /// Valid time of the latest unchanged statement after it, within the question.
  var lastConfirmed: UInt32?
}

extension TransactionView {
  /// The newest state of a series at or before a place, among those recorded up to `known`.
  ///
  /// Reads one chunk, and further ones only where late reports or many unchanged statements push
  /// the answer out of it.
  func findState(
    _ series: Series, atOrBefore limit: Place, known: UInt64, tables: Tables
  ) throws(StoreError) -> FoundState? {
    do throws(LMDBError) {
      var cursor = try cursor(in: tables.timeline)
      let key = Key.timeline(series, limit)
      var isThere = try cursor.seek(atOrBefore: key.span.bytes)
      var confirmed: UInt32?
      while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series) {
        var found: FoundState?
        var prior: TimelineChunk.Prior?
        do throws(PackedBytesError) {
          var chunk = try TimelineChunkView(cursor.value, at: place)
          prior = chunk.prior
          var confirmedHere: UInt32?
          while let entry = try chunk.next() {
            if entry.place > limit { break }
            if entry.place.sequence > known { continue }
            if entry.kind == .confirmation {
              confirmedHere = entry.place.valid
            } else {
              confirmedHere = nil
              found = FoundState(
                place: entry.place, hasEnded: entry.kind == .ended,
                isImported: entry.isImported, version: entry.version)
            }
          }
          confirmed = confirmed ?? confirmedHere
        } catch {
          throw LMDBError.corrupted
        }
        // Without a statement here, the latest may stand behind that state in the chunk before.
        if found == nil, confirmed != nil, let prior, prior.place.sequence <= known {
          return FoundState(
            place: prior.place, hasEnded: prior.hasEnded, isImported: prior.isImported,
            version: prior.version, lastConfirmed: confirmed)
        }
        if var found {
          found.lastConfirmed = confirmed
          return found
        }
        if prior == nil { return nil }
        isThere = try cursor.previous()
      }
      return nil
    } catch {
      throw StoreError(error)
    }
  }

  /// The valid time of the first observation after a valid time, among those recorded up to `known`.
  func nextObserved(
    _ series: Series, after valid: UInt32, known: UInt64, tables: Tables
  ) throws(StoreError) -> UInt32? {
    guard valid < .max else { return nil }
    return try nextState(
      series, after: Place(valid: valid, sequence: Key.sequenceMax), known: known,
      onlyObservations: true, tables: tables)?.valid
  }

  /// The place of the first state after a place, among those recorded up to `known`.
  func nextState(
    _ series: Series, after limit: Place, known: UInt64, onlyObservations: Bool, tables: Tables
  ) throws(StoreError) -> Place? {
    do throws(LMDBError) {
      var cursor = try cursor(in: tables.timeline)
      let key = Key.timeline(series, limit)
      var isThere = try cursor.seek(atOrBefore: key.span.bytes)
      if isThere, Key.place(inTimelineKey: cursor.key, of: series) == nil {
        isThere = try cursor.next()
      } else if !isThere {
        isThere = try cursor.first()
      }
      while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series) {
        do throws(PackedBytesError) {
          var chunk = try TimelineChunkView(cursor.value, at: place)
          while let entry = try chunk.next() {
            if entry.place > limit, entry.place.sequence <= known,
              entry.kind == .observation || (!onlyObservations && entry.kind == .ended)
            {
              return entry.place
            }
          }
        } catch {
          throw LMDBError.corrupted
        }
        isThere = try cursor.next()
      }
      return nil
    } catch {
      throw StoreError(error)
    }
  }

  /// The layout after the last state at or before a place; empty where there is none.
  ///
  /// Starts from the keyframe at or before it, then applies what lies between.
  func layout(
    _ series: Series, atOrBefore limit: Place, tables: Tables
  ) throws(StoreError) -> Layout {
    do throws(LMDBError) {
      var cursor = try cursor(in: tables.timeline)
      let key = Key.timeline(series, limit)
      guard try cursor.seek(atOrBefore: key.span.bytes),
        Key.place(inTimelineKey: cursor.key, of: series) != nil
      else { return Layout() }
      return try layout(series, &cursor, upTo: limit, tables: tables)
    } catch {
      if error == .corrupted { throw .damaged("a timeline does not decode") }
      throw StoreError(error)
    }
  }

  /// Goes back from the cursor's chunk to a start, then forward again, applying.
  private func layout(
    _ series: Series, _ cursor: inout Cursor, upTo limit: Place, tables: Tables
  ) throws(LMDBError) -> Layout {
    var start = TimelineChunk.Start.empty
    while let place = Key.place(inTimelineKey: cursor.key, of: series) {
      do throws(PackedBytesError) {
        start = try TimelineChunkView(cursor.value, at: place).start
      } catch {
        throw LMDBError.corrupted
      }
      if start != .previous { break }
      guard try cursor.previous() else { throw LMDBError.corrupted }
    }
    guard let first = Key.place(inTimelineKey: cursor.key, of: series) else {
      throw LMDBError.corrupted
    }
    var slots: [StoredItem] = []
    if start == .keyframe {
      let key = Key.timeline(series, first)
      guard let bytes = try value(for: key.span.bytes, in: tables.keyframes) else {
        throw LMDBError.corrupted
      }
      do throws(PackedBytesError) {
        slots = try SlotChangeCodec.layout(from: bytes).slots
      } catch {
        throw LMDBError.corrupted
      }
    }
    var isThere = true
    while isThere, let place = Key.place(inTimelineKey: cursor.key, of: series), place <= limit {
      do throws(PackedBytesError) {
        var chunk = try TimelineChunkView(cursor.value, at: place)
        while let entry = try chunk.next() {
          if entry.place > limit { break }
          guard entry.kind != .confirmation else { continue }
          var reader = ByteReader(entry.changes)
          try SlotChangeCodec.decode(&reader) { change in
            let slot = Int(change.slot)
            while slot >= slots.count { slots.append(.free) }
            slots[slot] = change.item
          }
        }
      } catch {
        throw LMDBError.corrupted
      }
      isThere = try cursor.next()
    }
    return Layout(slots: slots)
  }
}
