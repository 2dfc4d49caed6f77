import HistoryStore
import Inventory
import JSONTape

/// A deletion of a custom type, as a control row: kept so that it can be asked for, and finished
/// where the server stopped within.
struct Deletion: Sendable {
  var id: String
  var type: TypeName
  /// How many nodes had the type, by schema version.
  var versions: [String: Int]
  /// What becomes of the schema; nil to keep it.
  var option: String?
  var started: Instant
  /// When it was done; nil before.
  var ended: Instant?

  /// `d`, the scope, and the id.
  private static func prefix(_ scope: Scope) -> [UInt8] { Array("d\(scope) ".utf8) }

  func save(_ scope: Scope, _ store: HistoryStore) throws {
    var bytes: [UInt8] = []
    JSONValue.object([
      .init("id", .string(id)), .init("type", .string(type.text)),
      .init(
        "versions", .object(versions.sorted { $0.key < $1.key }.map { .init($0, .count($1)) })),
      .init("option", .text(option)), .init("started", .integer(started.milliseconds)),
      .init("ended", ended.map { .integer($0.milliseconds) } ?? .null),
    ]).write(to: &bytes)
    try store.setControlRow(Self.prefix(scope) + Array(id.utf8), to: bytes)
  }

  static func load(_ id: String, _ scope: Scope, _ store: HistoryStore) throws -> Deletion? {
    try store.controlRow(prefix(scope) + Array(id.utf8)).flatMap(Deletion.init)
  }

  static func all(_ scope: Scope, _ store: HistoryStore) throws -> [Deletion] {
    try store.controlRows(prefix: prefix(scope)).compactMap { Deletion($0.value) }
  }

  private init?(_ bytes: [UInt8]) {
    guard let row = try? JSONValue(parsing: bytes), let id = row["id"]?.text,
      let type = row["type"]?.text.flatMap({ try? TypeName($0) }),
      case .integer(let started) = row["started"]
    else { return nil }
    self.init(
      id: id, type: type, versions: [:], option: row["option"]?.text,
      started: Instant(milliseconds: started), ended: nil)
    for member in row["versions"]?.members ?? [] {
      versions[member.name] = member.value.whole ?? 0
    }
    if case .integer(let ended) = row["ended"] { self.ended = Instant(milliseconds: ended) }
  }

  init(
    id: String, type: TypeName, versions: [String: Int], option: String?, started: Instant,
    ended: Instant?
  ) {
    self.id = id
    self.type = type
    self.versions = versions
    self.option = option
    self.started = started
    self.ended = ended
  }
}
