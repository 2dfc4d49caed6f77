import Digests
import Foundation
import Inventory
import PackedBytes

/// The clock of these tests: 2026-03-03T09:00:00Z.
let testNow = Instant(seconds: 1_772_528_400)

/// How often something is tried: more with `STOCKTAKE_TORTURE=1`, as `make torture` sets it.
func longForm(_ short: Int, _ long: Int) -> Int {
  ProcessInfo.processInfo.environment["STOCKTAKE_TORTURE"] == nil ? short : long
}

/// Reads a report with the default limits, or with others.
func read(
  _ bytes: [UInt8], limits: ReportLimits = .default, now: Instant = testNow
) throws(ReportError) -> CanonicalReport {
  let reader = ReportReader(limits: limits, hash: KeyedHash())
  return try reader.read(bytes.span.bytes, now: now)
}

func read(_ text: String) throws(ReportError) -> CanonicalReport { try read(Array(text.utf8)) }

/// Why a report is refused; nil where it is not.
func refusal(_ text: String, limits: ReportLimits = .default) -> ReportError? {
  refusal(Array(text.utf8), limits: limits)
}

func refusal(_ bytes: [UInt8], limits: ReportLimits = .default) -> ReportError? {
  do throws(ReportError) {
    _ = try read(bytes, limits: limits)
    return nil
  } catch { return error }
}

/// A report with one entry, of which any part can be replaced.
func body(
  node: String = "\"i-1\"", type: String = "\"AWS:Application\"", version: String = "\"1.1\"",
  time: String = "\"2026-03-03T08:00:00Z\"", content: String? = "[{\"Name\":\"bash\"}]",
  more: String = ""
) -> String {
  let content = content.map { ",\"Content\":\($0)" } ?? ""
  return """
    {"InstanceId":\(node),"Items":[{"TypeName":\(type),"SchemaVersion":\(version),\
    "CaptureTime":\(time)\(content)\(more)}]}
    """
}

/// A report with one item of these attributes, names and values as JSON writes them.
func body(item: String, type: String = "\"AWS:Application\"") -> String {
  body(type: type, content: "[{\(item)}]")
}

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension CanonicalContent {
  /// Every item with its occurrence, as names and values.
  func attributes(occurrenceName: String?) -> [[String: String]] {
    elements.map { element in
      var table = table(element.piece)
      if let seconds = element.occurrence.seconds, let occurrenceName {
        table[occurrenceName] = Instant(seconds: seconds).description
      }
      if let index = element.occurrence.complexID {
        table.merge(self.table(complexOccurrences[Int(index)])) { $1 }
      }
      return table
    }
  }

  private func table(_ piece: Piece) -> [String: String] {
    var table: [String: String] = [:]
    var attributes = CanonicalAttributes(bytes(of: piece))
    while let attribute = attributes.next() { table[attribute.name] = attribute.value }
    return table
  }
}
