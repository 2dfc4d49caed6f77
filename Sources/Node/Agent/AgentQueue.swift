import AWSProtocol
import FoundationEssentials
import Inventory
import JSONTape

/// Reports on their way to the server: files, so that none is lost while it is away.
package struct AgentQueue {
  /// Bytes that wait at most; beyond it the oldest go, and that is said.
  static let bytesMax = 64 << 20

  private let folder: String
  /// The hash of each type that the server took last.
  private var accepted: [String: String]
  private var number: Int

  private static let acceptedFile = "accepted.json"

  /// The one of an agent's folder.
  package init(_ state: String) throws {
    folder = state + "/queue"
    try AgentFiles.make(folder)
    let data = FileManager.default.contents(atPath: folder + "/" + Self.acceptedFile)
    accepted = data.flatMap { try? JSONDecoder().decode([String: String].self, from: $0) } ?? [:]
    number = 0
    number = files.last.flatMap { Int($0.prefix(12)) } ?? 0
  }

  /// The reports that wait, the oldest first.
  package var files: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".report") }.sorted()
  }

  /// Puts a report behind those that wait, durably; how many of the oldest had to go.
  mutating func add(_ report: Report) throws -> Int {
    number += 1
    let digits = String(number)
    let name = String(repeating: "0", count: max(0, 12 - digits.count)) + digits + ".report"
    try AgentFiles.write(Array(Self.withHashes(report).json.compact.utf8), name, in: folder)
    return dropOldest()
  }

  /// A type's hash: of what it has, in whatever order it was found.
  private static func withHashes(_ report: Report) -> Report {
    var report = report
    for index in report.entries.indices {
      report.entries[index].contentHash = ContentDigest.of(report.entries[index].content ?? [])
    }
    return report
  }

  private func dropOldest() -> Int {
    var sizes = files.map { name in
      let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
      return (name, (attributes?[.size] as? Int) ?? 0)
    }
    var total = sizes.reduce(0) { $0 + $1.1 }
    var dropped = 0
    while total > Self.bytesMax, sizes.count > 1 {
      let (name, size) = sizes.removeFirst()
      remove(name)
      total -= size
      dropped += 1
    }
    return dropped
  }

  private func remove(_ name: String) {
    try? FileManager.default.removeItem(atPath: folder + "/" + name)
  }

  /// Sends what waits, oldest first; of a type that the server has as it is, the hash alone.
  ///
  /// Throws where the server is away or busy, and what was not sent waits on.
  ///
  /// - Parameter onRefusal: told of a report that will not be sent again, before it goes.
  mutating func send(_ link: AgentLink, onRefusal: (AWSError) throws -> Void) async throws {
    for name in files {
      guard let data = FileManager.default.contents(atPath: folder + "/" + name),
        let body = try? JSONValue(parsing: Array(data))
      else {
        remove(name)
        continue
      }
      do {
        try await send(body, link)
      } catch let error as AWSError where !error.isPassing && !error.isOfCaller {
        // It would be refused again: the next ones are worth more.
        try onRefusal(error)
      }
      remove(name)
    }
  }

  private mutating func send(_ body: JSONValue, _ link: AgentLink) async throws {
    let items = body["Items"]?.elements ?? []
    let short = items.map { item in
      guard let type = item["TypeName"]?.text, let hash = item["ContentHash"]?.text,
        accepted[type] == hash
      else { return item }
      return .object(item.members.filter { $0.name != "Content" })
    }
    let node = JSONValue.Member("InstanceId", body["InstanceId"] ?? .null)
    do {
      _ = try await link.call("PutInventory", [node, .init("Items", .array(short))])
    } catch let error as AWSError where error.name == "ItemContentMismatchException" {
      _ = try await link.call("PutInventory", [node, .init("Items", .array(items))])
    }
    for item in items {
      if let type = item["TypeName"]?.text { accepted[type] = item["ContentHash"]?.text }
    }
    try AgentFiles.write(
      Array(try JSONEncoder().encode(accepted)), Self.acceptedFile, in: folder)
  }
}
