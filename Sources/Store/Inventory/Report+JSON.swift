package import JSONTape

extension Report {
  /// The report as the body of PutInventory.
  package var json: JSONValue {
    .object([
      .init("InstanceId", .string(node.text)), .init("Items", .array(entries.map(\.json))),
    ])
  }
}

extension Report.Entry {
  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("TypeName", .string(type.text)), .init("SchemaVersion", .string(schemaVersion)),
      .init("CaptureTime", .string(captureTime.description)),
    ]
    if let contentHash { members.append(.init("ContentHash", .string(contentHash))) }
    if let content { members.append(.init("Content", .array(content.map { .item($0) }))) }
    return .object(members)
  }
}
