package import HistoryStore
package import Inventory
package import JSONTape
import PlainText

// The documented JSON forms of every answer; docs/cli.md describes them, and they only ever grow.

extension InventoryState {
  /// The members that say what was asked and how well the answer is founded.
  package var heading: [JSONValue.Member] {
    [
      .init("node", .string(node.text)), .init("type", .string(type.text)),
      .init("at", .time(at)), .init("knownAt", .time(knownAt)),
      .init("observedAt", .time(observedAt)), .init("lastConfirmed", .time(lastConfirmed)),
      .init("nextObserved", .time(nextObserved)), .init("knowledge", .string(knowledge.rawValue)),
    ]
  }

  /// The whole state; `items` may be fewer than the state has.
  package func json(items: [Item]) -> JSONValue {
    .object(
      heading + [
        .init("schemaVersion", .text(schemaVersion)), .init("imported", .bool(isImported)),
        .init("source", .text(source?.name)),
        .init("items", .array(items.map { .item($0) })),
      ])
  }
}

extension SourceClaim {
  /// What the source is called: its name, or that the node reported it.
  package var name: String { source?.name ?? "reported" }

  /// One source of a state.
  package var json: JSONValue {
    .object([
      .init("source", .string(name)), .init("standing", .string(standing.rawValue)),
      .init("observedAt", .time(observedAt)), .init("nextObserved", .time(nextObserved)),
      .init("sequence", .integer(Int64(clamping: sequence.value))),
      .init("itemCount", .integer(Int64(itemCount))),
      .init(
        "differences",
        .array(
          differences.map { difference in
            .object([
              .init("change", .string(difference.kind.rawValue)),
              .init("identity", .item(difference.identity)), .init("old", .item(difference.old)),
              .init("new", .item(difference.new)),
            ])
          })),
    ])
  }
}

extension Change {
  /// The columns of a list of changes.
  package static let columns = [
    "validTime", "recordedTime", "sequence", "node", "type", "change", "identity", "old", "new",
    "account", "region", "imported", "source",
  ]

  /// One change.
  package var json: JSONValue {
    .object([
      .init("validTime", .time(validTime)), .init("recordedTime", .time(recordedTime)),
      .init("sequence", .integer(Int64(clamping: sequence.value))),
      .init("node", .string(node.text)), .init("type", .string(type.text)),
      .init("change", .string(kind.rawValue)), .init("identity", .item(identity)),
      .init("old", .item(old)), .init("new", .item(new)),
      .init("account", .string(scope.account)), .init("region", .string(scope.region)),
      .init("imported", .bool(isImported)), .init("source", .text(source?.name)),
    ])
  }
}

extension Holding {
  /// The columns of a list of holdings.
  package static let columns = [
    "node", "version", "from", "to", "name", "type", "account", "region", "item",
  ]

  /// One holding.
  package func json(name: String) -> JSONValue {
    .object([
      .init("node", .string(node.text)), .init("version", .text(version)),
      .init("from", .time(from)), .init("to", .time(to)), .init("name", .string(name)),
      .init("type", .string(type.text)), .init("account", .string(scope.account)),
      .init("region", .string(scope.region)), .init("item", .item(item)),
    ])
  }
}

extension NodeSummary {
  /// The columns of a list of nodes.
  package static let columns = [
    "node", "account", "region", "status", "statusTime", "tags", "firstRecorded", "lastSeen",
  ]

  /// One node.
  package var json: JSONValue {
    .object([
      .init("node", .string(node.text)), .init("account", .string(scope.account)),
      .init("region", .string(scope.region)), .init("status", .string(status.description)),
      .init("statusTime", .time(statusTime)),
      .init("tags", .object(tags.map { .init($0.name, .string($0.value)) })),
      .init("firstRecorded", .time(firstRecorded)), .init("lastSeen", .time(lastSeen)),
    ])
  }
}

extension TypeSummary {
  /// The columns of a list of types.
  package static let columns = [
    "type", "account", "region", "versions", "attributes", "identity", "declared", "nodes",
    "deleted",
  ]

  /// One type.
  package var json: JSONValue {
    func texts(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
    return .object([
      .init("type", .string(type.text)), .init("account", .string(scope.account)),
      .init("region", .string(scope.region)), .init("versions", texts(versions)),
      .init("attributes", texts(attributes)), .init("identity", texts(identity)),
      .init("declared", .bool(isDeclared)), .init("nodes", .count(nodeCount)),
      .init("deleted", .time(deleted)),
    ])
  }
}

extension RolloutStep {
  /// The columns of a rollout.
  package static let columns = ["at", "nodes"]

  /// One step; an item without a version counts under the empty text.
  package var json: JSONValue {
    let versions = nodesByVersion.sorted { isOrderedAsVersions($0.key, $1.key) }
    return .object([
      .init("at", .time(at)),
      .init("nodes", .object(versions.map { .init($0.key, .count($0.value)) })),
    ])
  }
}

extension Statistics {
  /// All figures.
  package var json: JSONValue {
    .object([
      .init("records", .count(records)), .init("changeEvents", .count(changeEvents)),
      .init("nodes", .count(nodes)), .init("types", .count(types)),
      .init("contents", .count(contents)), .init("liveByteCount", .count(liveByteCount)),
      .init("fileByteCount", .count(fileByteCount)),
      .init(
        "tables",
        .array(
          tables.map {
            .object([
              .init("name", .string($0.name)), .init("rows", .count($0.rows)),
              .init("byteCount", .count($0.byteCount)),
            ])
          })),
    ])
  }
}
