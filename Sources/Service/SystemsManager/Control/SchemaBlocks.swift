import Packages
import PlainText
import HistoryStore
import Inventory
import Synchronization

/// What DeleteInventory left of the schemas of custom types.
///
/// Versions up to which reports are dropped, and types that are not listed any more: control rows, all
/// of them in memory.
final class SchemaBlocks: Sendable {
  private struct State {
    /// The greatest version that is disabled, by scope and type.
    var disabled: [Scope: [String: String]] = [:]
    var deleted: [Scope: Set<TypeName>] = [:]
  }

  private let state = Mutex(State())

  /// Kinds of rows: the first byte of their keys.
  private static let disabledKind = "s"
  private static let deletedKind = "x"

  init(_ store: HistoryStore) throws {
    var read = State()
    for scope in try store.scopes() {
      for row in try store.controlRows(prefix: Self.key(Self.disabledKind, scope, "")) {
        let prefix = Self.key(Self.disabledKind, scope, "").count
        let type = String(decoding: row.key.dropFirst(prefix), as: UTF8.self)
        read.disabled[scope, default: [:]][type] = String(decoding: row.value, as: UTF8.self)
      }
      for row in try store.controlRows(prefix: Self.key(Self.deletedKind, scope, "")) {
        let prefix = Self.key(Self.deletedKind, scope, "").count
        if let type = try? TypeName(String(decoding: row.key.dropFirst(prefix), as: UTF8.self)) {
          read.deleted[scope, default: []].insert(type)
        }
      }
    }
    let complete = read
    state.withLock { $0 = complete }
  }

  private static func key(_ kind: String, _ scope: Scope, _ type: String) -> [UInt8] {
    Array("\(kind)\(scope) \(type)".utf8)
  }

  func hasDisabled(in scope: Scope) -> Bool {
    state.withLock { $0.disabled[scope]?.isEmpty == false }
  }

  /// Whether reports of a version are dropped.
  func isDisabled(_ type: String, version: String, in scope: Scope) -> Bool {
    guard let limit = state.withLock({ $0.disabled[scope]?[type] }) else { return false }
    return !isOrderedAsVersions(limit, version)
  }

  /// The types that are not listed: deleted, and not reported since.
  func deleted(in scope: Scope) -> Set<TypeName> {
    state.withLock { $0.deleted[scope] ?? [] }
  }

  /// Drops reports up to the greatest version seen from now on.
  func disable(_ type: TypeName, _ scope: Scope, _ store: HistoryStore) throws {
    let versions = try store.reading(scope) { try $0.schema(of: type)?.versions ?? [] }
    guard let greatest = versions.max(by: isOrderedAsVersions) else { return }
    try store.setControlRow(
      Self.key(Self.disabledKind, scope, type.text), to: Array(greatest.utf8))
    state.withLock { $0.disabled[scope, default: [:]][type.text] = greatest }
  }

  /// Takes the type off the list of schemas.
  func delete(_ type: TypeName, _ scope: Scope, _ store: HistoryStore) throws {
    try store.setControlRow(Self.key(Self.deletedKind, scope, type.text), to: [1])
    state.withLock { state in _ = state.deleted[scope, default: []].insert(type) }
  }
}
