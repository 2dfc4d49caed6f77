import Digests
import Inventory

/// Puts entries into as few reports as the limits allow.
struct ReportPacker {
  private let node: NodeID
  private let limits: ReportLimits
  private(set) var reports: [Report] = []
  private var bytesInLast = 0

  init(node: NodeID, limits: ReportLimits) {
    self.node = node
    self.limits = limits
  }

  /// Adds an entry to the last report, or to a new one.
  mutating func add(_ entry: Report.Entry) {
    let byteCount = Self.byteCount(entry)
    let fits =
      bytesInLast + byteCount <= limits.bodyBytesMax * 9 / 10
      && (reports.last?.entries.count ?? 0) < limits.entriesMax
    if fits, !reports.isEmpty {
      reports[reports.count - 1].entries.append(entry)
      bytesInLast += byteCount
    } else {
      reports.append(Report(node: node, entries: [entry]))
      bytesInLast = byteCount
    }
  }

  /// A source as it is, or as a failure where a store would refuse a report for what it found.
  func refusing(_ found: Collected, at time: Instant) -> Collected {
    guard let type = found.type, let items = found.items else { return found }
    let entry = Report.Entry(
      type: type, schemaVersion: found.schemaVersion, captureTime: time, content: items)
    var refused = found
    do throws(ReportError) {
      _ = try Report(node: node, entries: [entry]).canonical(
        limits: limits, hash: KeyedHash(), now: time)
    } catch {
      refused.items = nil
      refused.failure = error.message
    }
    // One type cannot be split. A store takes it; a server may have a lower limit, and says so.
    if Self.byteCount(entry) > ReportLimits.bodyBytesCeiling * 9 / 10 {
      refused.items = nil
      refused.failure =
        "what it found does not fit into a report of \(ReportLimits.bodyBytesCeiling) bytes"
    }
    return refused
  }

  /// About as many bytes as the entry has in JSON.
  private static func byteCount(_ entry: Report.Entry) -> Int {
    var count = 200
    for item in entry.content ?? [] {
      count += 2
      for attribute in item.attributes {
        count += 6 + attribute.name.utf8.count
        // Quotation marks and backslashes take two bytes.
        for byte in attribute.value.utf8 {
          count += byte < 0x20 ? 6 : byte == 34 || byte == 92 ? 2 : 1
        }
      }
    }
    return count
  }
}
