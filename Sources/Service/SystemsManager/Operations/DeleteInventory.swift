import AWSProtocol
import Crypto
import HistoryStore
import Inventory
import JSONTape
import PlainText

extension SystemsManager {
  static let deleteInventory = Operation(
    "DeleteInventory", access: .administer, load: .change,
    input: [
      Field("TypeName", .typeName, required: true),
      Field("SchemaDeleteOption", .word("DisableSchema", "DeleteSchema")),
      Field("DryRun", .boolean), Field("ClientToken", .form(.uuid)),
    ],
    errors: ["InvalidDeleteInventoryParametersException", "InvalidTypeNameException"]
  ) { try await $0.deleteInventory($1) }

  /// DeleteInventory: ends a custom type's inventory on every node now; its past stays.
  func deleteInventory(_ request: AWSRequest) async throws -> JSONValue {
    guard let type = try? TypeName(request.text("TypeName") ?? "") else {
      throw AWSError("InvalidTypeNameException", "The type name isn't valid.")
    }
    guard type.text.hasPrefix("Custom:") else {
      throw AWSError(
        "InvalidDeleteInventoryParametersException",
        "Only custom inventory types can be deleted, not \(type).")
    }
    let moment = Moment(asked: store.now)
    let versions = try reading(request, moment) { reader in
      guard try reader.schema(of: type) != nil else {
        throw AWSError(
          "InvalidTypeNameException", "The inventory type \(type) isn't known.")
      }
      return try Self.nodesByVersion(type, reader)
    }
    let summary = Self.deletionSummary(versions, remaining: true)
    if request.flag("DryRun") {
      return .object([
        .init("TypeName", .string(type.text)), .init("DeletionSummary", summary),
      ])
    }
    let option = request.text("SchemaDeleteOption")
    let id = Self.deletionID(request)
    let known = try Deletion.load(id, request.scope, store)
    if known == nil {
      let deletion = Deletion(
        id: id, type: type, versions: versions, option: option, started: store.now, ended: nil)
      try deletion.save(request.scope, store)
      try await turns.take("deletions of \(request.scope)") { try finish(deletion, request.scope) }
    }
    return .object([
      .init("DeletionId", .string(id)), .init("TypeName", .string(type.text)),
      .init(
        "DeletionSummary",
        known.map { Self.deletionSummary($0.versions, remaining: true) } ?? summary),
    ])
  }

  /// The same token and question have the same deletion, so that a retry deletes nothing more.
  private static func deletionID(_ request: AWSRequest) -> String {
    let text =
      request.text("ClientToken").map { "\(request.scope) \($0) \(request.question.compact)" }
      ?? Hex.text((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    var rest = Substring(Hex.text(SHA256.hash(data: Array(text.utf8))))
    return [8, 4, 4, 4, 12].map { count in
      defer { rest = rest.dropFirst(count) }
      return String(rest.prefix(count))
    }.joined(separator: "-")
  }

  /// Deletes, blocks the schema, and says so.
  private func finish(_ deletion: Deletion, _ scope: Scope) throws {
    if !deletion.versions.isEmpty {
      _ = try store.deleteType(deletion.type, at: deletion.started, in: scope)
    }
    switch deletion.option {
    case "DisableSchema":
      try schemaBlocks.disable(deletion.type, scope, store)
    case "DeleteSchema": try schemaBlocks.delete(deletion.type, scope, store)
    default: break
    }
    var ended = deletion
    ended.ended = store.now
    try ended.save(scope, store)
  }

  /// Finishes what a stop of the server interrupted.
  func finishDeletions() throws {
    for scope in try store.scopes() {
      for deletion in try Deletion.all(scope, store) where deletion.ended == nil {
        try finish(deletion, scope)
      }
    }
  }

  /// How many nodes have a type now, by the schema version of what they have.
  private static func nodesByVersion(
    _ type: TypeName, _ reader: borrowing HistoryReader
  ) throws -> [String: Int] {
    var counts: [String: Int] = [:]
    try reader.forEachNode(after: nil) { node, number in
      let state = try reader.state(of: node, number: number, type: type)
      if state.knowledge == .observed { counts[state.schemaVersion ?? "1.0", default: 0] += 1 }
      return true
    }
    return counts
  }

  static func deletionSummary(_ versions: [String: Int], remaining: Bool) -> JSONValue {
    let total = versions.values.reduce(0, +)
    return .object([
      .init("TotalCount", .count(total)), .init("RemainingCount", .count(remaining ? total : 0)),
      .init(
        "SummaryItems",
        .array(
          versions.sorted { $0.key < $1.key }.map { version, count in
            .object([
              .init("Version", .string(version)), .init("Count", .count(count)),
              .init("RemainingCount", .count(remaining ? count : 0)),
            ])
          })),
    ])
  }
}
