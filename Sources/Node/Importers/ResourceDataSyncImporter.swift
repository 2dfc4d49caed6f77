import Collectors
public import Inventory
import JSONTape

/// Reads copies of a bucket that a Resource Data Sync of Systems Manager wrote.
///
/// Below the folder, however deep, lie
/// `TYPE/accountid=…/region=…/resourcetype=ManagedInstanceInventory/NODE.json`, each with all items
/// that the node had of the type when it was copied, one JSON object a line.
public struct ResourceDataSyncImporter: Sendable {
  /// The only node to read; nil for all.
  public let node: NodeID?

  /// Takes the only node to read, or nil for all.
  public init(node: NodeID? = nil) { self.node = node }

  /// Gives the reports of all nodes, node by node, each in the order of time.
  ///
  /// The valid time is that of the copy: the nearest folder above the type that is named by a date,
  /// `2026-03-03` or `2026-03-03T09:00:00Z`; else the latest `captureTime` in the file; else when
  /// the file was last written. Only one node is in memory at a time.
  ///
  /// A file that cannot be read or has a damaged row gives no observation, because the missing item
  /// would count as removed; so does an empty file. Each is one of the ``ImportSummary/failures``.
  /// Throws a ``CollectorError`` where a folder cannot be read, and whatever `body` throws.
  ///
  /// - Parameters:
  ///   - folders: the copies, given in any order.
  ///   - body: takes one report.
  public func read(
    folders: [String], each body: (ScopedReport) throws -> Void
  ) throws -> ImportSummary {
    var (warnings, failures) = (Warnings(), Warnings())
    var others = Tally()
    var summary = ImportSummary(warnings: [], recordsRead: 0)
    var files: [NodeKey: [SyncFile]] = [:]
    for folder in Set(folders).sorted() {
      for path in try FileTree.files(below: folder) {
        guard let file = SyncFile(path: path) else {
          others.add(path)
          continue
        }
        guard node == nil || node == file.key.node else { continue }
        files[file.key, default: []].append(file)
      }
    }
    if let text = others.text { warnings.add("files that are none of a data sync: \(text)") }
    for key in files.keys.sorted() {
      var states = StateHistory(of: .resourceDataSync)
      for file in files[key] ?? [] {
        try states.read([file.path], throwsAlone: false) { try file.read(into: &$1) }
      }
      let history = states.history(node: key.node)
      for report in history.reports { try body(ScopedReport(scope: key.scope, report: report)) }
      for warning in history.warnings { warnings.add(warning) }
      for failure in history.failures { failures.add(failure) }
      summary.recordsRead += history.recordsRead
      summary.knownFrom = [summary.knownFrom, history.knownFrom].compactMap { $0 }.min()
    }
    summary.warnings = warnings.sentences
    summary.failures = failures.sentences
    return summary
  }
}

/// A node with its account and Region.
private struct NodeKey: Hashable, Comparable {
  var scope: Scope
  var node: NodeID

  static func < (a: Self, b: Self) -> Bool { (a.scope, a.node) < (b.scope, b.node) }
}

/// One object of the bucket.
private struct SyncFile {
  let path: String
  let key: NodeKey
  let type: TypeName
  /// The date of the folder above, if there is one.
  let date: Instant?

  /// Nil where the path is not that of such an object.
  init?(path: String) {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count >= 5, let name = parts.last else { return nil }
    let place = parts.suffix(5)
    let start = place.startIndex
    guard place[start + 1].hasPrefix("accountid="), place[start + 2].hasPrefix("region="),
      place[start + 3] == "resourcetype=ManagedInstanceInventory",
      let type = try? TypeName(place[start].replacing("%3A", with: ":")),
      let scope = try? Scope(
        account: String(place[start + 1].dropFirst("accountid=".count)),
        region: String(place[start + 2].dropFirst("region=".count)))
    else { return nil }
    let stem = name.hasSuffix(".gz") ? name.dropLast(3) : Substring(name)
    guard stem.hasSuffix(".json"), let node = try? NodeID(String(stem.dropLast(5))) else {
      return nil
    }
    self.path = path
    self.type = type
    key = NodeKey(scope: scope, node: node)
    date = parts.dropLast(5).reversed().lazy.compactMap(Self.date).first
  }

  /// `2026-03-03`, its beginning in UTC, or a time with an offset.
  private static func date(_ name: String) -> Instant? {
    TextTime.instant(name.utf8.count == 10 ? name + "T00:00:00Z" : name)
  }

  func read(into states: inout StateHistory) throws {
    let files = try LogFiles(paths: [path]) { _ in nil }
    let document = JSONDocument()
    var rows: [SyncRow] = []
    var fault: String?
    files.forEachLine { line in
      guard fault == nil, !line.bytes.isEmpty else { return }
      do {
        rows.append(try SyncRow(document.value(line.bytes), node: key.node))
        states.recordsRead += 1
      } catch {
        fault = "\(line.place): \(error)"
      }
    }
    if let fault {
      throw CollectorError("\(fault); the file gives no observation")
    }
    guard !rows.isEmpty else {
      throw CollectorError("\(path) is empty and gives no observation")
    }
    let time = try date ?? rows.compactMap(\.captureTime).max() ?? FileTime.modified(path)
    states.add(
      rows.map(\.item), of: type, schemaVersion: rows.compactMap(\.schemaVersion).max() ?? "1.0",
      at: time, place: path)
  }
}

/// One line of an object: an item, and beside its attributes what it belongs to.
private struct SyncRow {
  let item: Item
  let captureTime: Instant?
  let schemaVersion: String?

  init(_ value: JSONValue, node: NodeID) throws {
    guard let members = value.members else { throw CollectorError("the row is no JSON object") }
    if let id = value["resourceId"]?.string, id != node.text {
      throw CollectorError("the row is of \(id.printable) and not of \(node)")
    }
    captureTime = value["captureTime"]?.string.flatMap(TextTime.instant)
    schemaVersion = value["schemaVersion"]?.string.flatMap { $0.isSchemaVersion ? $0 : nil }
    var values: [String: String?] = [:]
    for member in members
    where !["resourceId", "captureTime", "schemaVersion"].contains(member.name) {
      values[member.name] = .some(member.value.plainText)
    }
    item = ImportedItem.item(values)
  }
}

extension String {
  /// Whether it is `digits.digits`, 1 to 6 each.
  fileprivate var isSchemaVersion: Bool {
    let parts = utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
    return parts.count == 2
      && parts.allSatisfy {
        (1...6).contains($0.count) && $0.allSatisfy { (48...57).contains($0) }
      }
  }
}
