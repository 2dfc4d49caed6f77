package import HistoryStore
package import JSONTape

extension Statistics {
  /// All figures.
  package var json: JSONValue {
    .object([
      .init("format", .count(format)),
      .init("storeId", id.map { .string($0.description) } ?? .null),
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
