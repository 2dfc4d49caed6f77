package import Digests
import PackedBytes

extension Report {
  /// Checks the report against the limits and puts it into the form that is stored.
  package func canonical(
    limits: ReportLimits, hash: KeyedHash, now: Instant
  ) throws(ReportError) -> CanonicalReport {
    do throws(ReportError) {
      guard (1...limits.entriesMax).contains(entries.count) else {
        throw ReportError(
          .invalidRequest,
          "a report has 1 to \(limits.entriesMax) entries, this one \(entries.count)")
      }
      var seen: Set<TypeName> = []
      var result: [CanonicalReport.Entry] = []
      for entry in entries {
        guard seen.insert(entry.type).inserted else {
          throw ReportError(
            .invalidItemContent, "the type is there twice in one report", type: entry.type.text)
        }
        do throws(ReportError) {
          result.append(try entry.canonical(limits: limits, hash: hash, now: now))
        } catch {
          var named = error
          named.type = entry.type.text
          throw named
        }
      }
      return CanonicalReport(node: node, origin: origin, entries: result)
    } catch {
      var named = error
      named.node = node.text
      throw named
    }
  }
}

extension Report {
  /// Throws what every store refuses the report for, whatever it holds already.
  ///
  /// O(items).
  package func check(
    limits: ReportLimits = .default, now: Instant
  ) throws(ReportError) {
    _ = try canonical(limits: limits, hash: KeyedHash(), now: now)
  }
}

extension Report.Entry {
  fileprivate func canonical(
    limits: ReportLimits, hash: KeyedHash, now: Instant
  ) throws(ReportError) -> CanonicalReport.Entry {
    let head = EntryHead(
      type: type, schemaVersion: schemaVersion,
      captureTime: Instant(seconds: captureTime.seconds).description, contentHash: contentHash)
    var entry = try head.checked(hasContent: content != nil, limits: limits, now: now)
    guard let content else { return entry }
    guard content.count <= limits.itemsMax else {
      throw ReportError(
        .invalidItemContent, "a type has at most \(limits.itemsMax) items in one report")
    }
    var builder = ContentBuilder(
      definition: .of(type), limits: limits, hash: hash, byteEstimate: content.count * 256)
    var shape: ItemShape?
    for (index, item) in content.enumerated() {
      do throws(ReportError) {
        let names = item.attributes.map { Array($0.name.utf8) }
        let fitting: ItemShape
        if let shape, shape.names == names {
          fitting = shape
        } else {
          fitting = try builder.shape(names: names)
          shape = fitting
        }
        let values = item.attributes.map { Array($0.value.utf8) }
        try builder.append(
          fitting, checksForNUL: true, values: ArrayValues(values: values.span))
      } catch {
        var named = error
        named.itemIndex = index
        throw named
      }
    }
    entry.content = builder.content
    return entry
  }
}

/// The values of an item in arrays.
private struct ArrayValues: ItemValues, ~Escapable {
  let values: Span<[UInt8]>

  @_lifetime(copy values)
  init(values: Span<[UInt8]>) { self.values = values }

  @_lifetime(copy self)
  func value(at position: Int) -> RawSpan {
    let span = values[position].rawSpan
    return unsafe _overrideLifetime(span, copying: self)
  }
}
