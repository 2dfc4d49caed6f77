import Inventory
import JSONTape
import PlainText
import Terminal

/// Reads what a service has of one type of one node, unless the store has it already.
struct InventoryReader {
  /// What came of a type of a node.
  enum Finding {
    case entry(Report.Entry)
    /// The node never sent the type.
    case nothing
    /// The store has the observation of that capture time.
    case known
  }

  private let service: InventoryService
  private let isKnown: (_ node: NodeID, _ type: TypeName, _ time: Instant) throws -> Bool
  private let hasAny: (_ node: NodeID, _ type: TypeName) throws -> Bool
  private var times: [TypeName: CaptureTimes] = [:]
  private(set) var knownFrom: Instant?

  /// Asks the session which observations are there already; `fleet` whether all nodes are read, so
  /// that lists of all nodes are worth it.
  init(_ service: InventoryService, _ session: ImportSession, fleet: Bool) {
    self.service = service
    isKnown = { try session.has(observationOf: $0, type: $1, at: $2) }
    hasAny = { node, type in fleet ? try session.has(anyOf: node, type: type) : false }
  }

  /// All items at their capture time.
  mutating func read(_ node: NodeID, _ type: TypeName) throws -> Finding {
    if times[type]?.isMissing(on: node) == true { return .nothing }
    if try hasAny(node, type) {
      let time = try times[type, default: CaptureTimes(type: type)].time(of: node, service)
      if let time, try isKnown(node, type, time) { return seen(time, .known) }
    }
    var items: [Item] = []
    var version = "1.0"
    var captured: Instant?
    var isThere = false
    let input: [JSONValue.Member] = [
      .init("InstanceId", .string(node.text)), .init("TypeName", .string(type.text)),
    ]
    try service.pages("ListInventoryEntries", input) { page in
      if captured == nil, let text = page["CaptureTime"]?.text {
        let time = try CaptureTimes.time(text, node, type)
        captured = time
        // The first page says it; the others need not be asked for.
        isThere = try isKnown(node, type, time)
      }
      version = page["SchemaVersion"]?.text ?? version
      items += (page["Entries"]?.elements ?? []).map { row in
        Item(row.members.map { (key: $0.name, value: $0.value.text ?? "") })
      }
      return !isThere && !Interruption.isRequested
    }
    // Of a list that was broken off nothing is kept.
    guard let captured, isThere || !Interruption.isRequested else { return .nothing }
    if isThere { return seen(captured, .known) }
    let entry = Report.Entry(
      type: type, schemaVersion: version, captureTime: captured, content: items)
    return seen(captured, .entry(entry))
  }

  private mutating func seen(_ time: Instant, _ finding: Finding) -> Finding {
    knownFrom = min(knownFrom ?? time, time)
    return finding
  }
}

/// The capture times of one type on all nodes, from lists of 50 nodes, read as far as they are needed.
private struct CaptureTimes {
  private let type: TypeName
  private var times: [NodeID: Instant] = [:]
  /// The nodes that were listed without it.
  private var without: Set<NodeID> = []
  private var token: String?
  private var isComplete = false

  init(type: TypeName) { self.type = type }

  /// Whether a node was listed without the type, where others were listed with it.
  func isMissing(on node: NodeID) -> Bool { !times.isEmpty && without.contains(node) }

  /// The capture time on a node; nil where the service does not tell it in lists.
  mutating func time(of node: NodeID, _ service: InventoryService) throws -> Instant? {
    while times[node] == nil, !without.contains(node), !isComplete, !Interruption.isRequested {
      let page: JSONValue
      do {
        page = try service.page(
          "GetInventory",
          [
            .init("ResultAttributes", .array([.object([.init("TypeName", .string(type.text))])]))
          ], after: token)
      } catch let error as ServiceRefusal where error.isOfInput {
        // Not every service lists every type; then each node is asked.
        isComplete = true
        return nil
      }
      for entity in page["Entities"]?.elements ?? [] {
        guard let id = entity["Id"]?.text, let node = try? NodeID(id) else { continue }
        let data = entity["Data"]?[type.text]
        times[node] = data?["CaptureTime"]?.text.flatMap { Instant(captureTime: $0) }
        if data == nil { without.insert(node) }
      }
      token = InventoryService.token(of: page)
      isComplete = token == nil
    }
    return times[node]
  }

  /// Reads a capture time of an answer.
  static func time(_ text: String, _ node: NodeID, _ type: TypeName) throws -> Instant {
    guard let time = Instant(captureTime: text) else {
      throw CommandFailure(
        .badInput, "node \(node), \(type): \"\(text.onOneLine)\" is no time")
    }
    return time
  }
}
