import AWSProtocol
import HistoryStore
import Inventory
import JSONTape

/// A node's compliance: items and summaries as they stand in its inventory.
///
/// AWS:ComplianceItem has a row for each item, AWS:ComplianceSummary one for each compliance type,
/// with its execution and its counts. So compliance has a history like all else, and an execution
/// that finds what the one before found changes one row.
struct Compliance {
  static let itemType = try? TypeName("AWS:ComplianceItem")
  static let summaryType = try? TypeName("AWS:ComplianceSummary")

  static let severities = [
    "CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED",
  ]

  /// What an item says of itself; its other attributes are its details.
  static let ownAttributes: Set<String> = ["ComplianceType", "Id", "Title", "Status", "Severity"]
  /// Before the name of a detail that is called like an attribute of the item itself.
  static let detailPrefix = "Details."

  var items: [Item]
  var summaries: [Item]
  /// The summaries as they stand in the history, by compliance type.
  let recorded: [String: Item]
  /// The valid time of what is there; nil where nothing is.
  var observedAt: Instant?

  /// The compliance of a node as of the reader's moment.
  init(_ node: NodeID, _ number: UInt32, _ reader: borrowing HistoryReader) throws {
    guard let itemType = Self.itemType, let summaryType = Self.summaryType else {
      throw AWSError.internalError
    }
    let items = try reader.state(of: node, number: number, type: itemType)
    let summaries = try reader.state(of: node, number: number, type: summaryType)
    self.items = items.items.sorted()
    self.summaries = summaries.items.sorted {
      ($0["ComplianceType"] ?? "") < ($1["ComplianceType"] ?? "")
    }
    recorded = self.summaries.reduce(into: [:]) { $0[$1["ComplianceType"] ?? ""] = $1 }
    observedAt = [items.observedAt, summaries.observedAt].compactMap { $0 }.max()
  }

  init() {
    items = []
    summaries = []
    recorded = [:]
  }

  /// The summary of one compliance type.
  func summary(of type: String) -> Item? {
    summaries.first { $0["ComplianceType"] == type }
  }

  /// An item as a row.
  static func row(_ item: JSONValue, type: String, position: Int) throws(AWSError) -> Item {
    var values: [(key: String, value: String)] = [
      ("ComplianceType", type),
      // Items need not have an id; then their place stands for it.
      ("Id", item["Id"]?.text ?? String(position + 1)),
      ("Title", item["Title"]?.text ?? ""), ("Status", item["Status"]?.text ?? ""),
      ("Severity", item["Severity"]?.text ?? ""),
    ]
    for detail in item["Details"]?.members ?? [] {
      let name = ownAttributes.contains(detail.name) ? detailPrefix + detail.name : detail.name
      values.append((name, detail.value.text ?? ""))
    }
    guard Set(values.map(\.key)).count == values.count else {
      throw AWSError(
        "InvalidItemContentException", "Item \(position + 1) has a detail twice.")
    }
    return Item(values)
  }

  /// The details of a row, as they were put.
  static func details(_ row: Item) -> JSONValue {
    .object(
      row.attributes.filter { !ownAttributes.contains($0.name) }.map {
        .init(
          $0.name.hasPrefix(detailPrefix)
            ? String($0.name.dropFirst(detailPrefix.count)) : $0.name, .string($0.value))
      })
  }

  /// The row of AWS:ComplianceSummary for items of one type.
  static func summary(
    _ items: [Item], type: String, execution: JSONValue?, hash: String?
  ) -> Item {
    var counts: [String: Int] = [:]
    for item in items {
      counts["\(item["Status"] ?? "") \(item["Severity"] ?? "")", default: 0] += 1
    }
    let worst = severities.first { counts["NON_COMPLIANT \($0)"] != nil }
    var values: [(key: String, value: String)] = [
      ("ComplianceType", type), ("Status", worst == nil ? "COMPLIANT" : "NON_COMPLIANT"),
      ("OverallSeverity", worst ?? "UNSPECIFIED"),
      ("ExecutionId", execution?["ExecutionId"]?.text ?? ""),
      ("ExecutionType", execution?["ExecutionType"]?.text ?? ""),
      (
        "ExecutionTime",
        execution?["ExecutionTime"].flatMap(Timestamp.init)?.instant.description ?? ""
      ),
    ]
    for (status, word) in [("COMPLIANT", "Compliant"), ("NON_COMPLIANT", "NonCompliant")] {
      for severity in severities {
        values.append(
          (
            "\(word)\(severity.prefix(1))\(severity.dropFirst().lowercased())Count",
            String(counts["\(status) \(severity)"] ?? 0)
          ))
      }
    }
    if let hash { values.append(("ItemContentHash", hash)) }
    if let group = items.lazy.compactMap({ $0["PatchGroup"] }).first {
      values.append(("PatchGroup", group))
    }
    if let baseline = items.lazy.compactMap({ $0["PatchBaselineId"] }).first {
      values.append(("PatchBaselineId", baseline))
    }
    return Item(values)
  }

  /// `ExecutionSummary` of a summary's row.
  static func execution(_ summary: Item?) -> JSONValue {
    let time = summary?["ExecutionTime"].flatMap(Moment.time)
    return .present([
      .init("ExecutionTime", time.map { .timestamp($0) } ?? .null),
      .init("ExecutionId", .text(summary?["ExecutionId"].flatMap { $0.isEmpty ? nil : $0 })),
      .init("ExecutionType", .text(summary?["ExecutionType"].flatMap { $0.isEmpty ? nil : $0 })),
    ])
  }

  /// One side of a summary's counts, as `CompliantSummary` and `NonCompliantSummary` have them.
  static func counts(_ word: String, _ count: (String) -> Int) -> JSONValue {
    let values = severities.map { severity in
      let name = "\(severity.prefix(1))\(severity.dropFirst().lowercased())Count"
      return (name, count(name))
    }
    return .object([
      .init("\(word)Count", .count(values.reduce(0) { $0 + $1.1 })),
      .init("SeveritySummary", .object(values.map { .init($0.0, .count($0.1)) })),
    ])
  }
}
