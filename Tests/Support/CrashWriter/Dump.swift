import HistoryStore
import Inventory
import LMDB

/// FNV-1a over text, enough to tell two dumps of one store apart.
struct Fingerprint {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    value = (value ^ 0xff) &* 0x100_0000_01b3
  }

  mutating func add(_ text: String) { add(text.utf8) }
}

/// Everything that the library answers about a store.
enum Answers {
  static func digest(of store: HistoryStore) throws -> UInt64 {
    var print = Fingerprint()
    for node in try store.nodes() {
      print.add("\(node)")
      for type in try store.types(of: node.node) {
        for at in [nil, Instant(seconds: 1_700_001_000)] {
          let state = try store.state(of: node.node, type: type, at: at)
          print.add("\(state.knowledge) \(state.observedAt as Any) \(state.schemaVersion ?? "")")
          for item in state.items.sorted() { print.add("\(item.attributes)") }
        }
      }
      for change in try store.history(of: node.node) {
        print.add("\(change.validTime) \(change.recordedTime) \(change.sequence) \(change.kind)")
        print.add("\(change.old?.attributes ?? []) \(change.new?.attributes ?? [])")
      }
    }
    for change in try store.changes(after: .zero, limit: 1 << 20) {
      print.add("\(change.sequence) \(change.node) \(change.kind) \(change.identity.attributes)")
    }
    for schema in try store.schemas() { print.add("\(schema)") }
    for name in ["package-0", "package-3", "package-11"] {
      for holding in try store.holders(of: name, from: .distantPast, to: .distantFuture) {
        print.add("\(holding.node) \(holding.from) \(holding.to as Any) \(holding.version ?? "")")
      }
    }
    return print.value
  }
}

/// Every key and value, walked and looked up.
enum Rows {
  static let names = [
    "log", "meta", "seen", "scopes", "chain", "dictionary", "shapes", "schemas",
    "nodes", "node-numbers", "timeline", "keyframes", "current", "hashes",
    "identities", "holders", "activity", "erasures",
  ]

  static func digest(of file: String) throws -> UInt64 {
    var options = Environment.Options()
    options.isReadOnly = true
    let environment = try Environment(path: file, options: options)
    let opener = try environment.beginRead()
    var databases: [Database] = []
    for name in names {
      if let database = try opener.openDatabase(named: name) { databases.append(database) }
    }
    try opener.finish()
    let transaction = try environment.beginRead()
    let view = transaction.view
    var print = Fingerprint()
    for database in databases {
      print.add(database.name)
      var cursor = try view.cursor(in: database)
      while try cursor.next() {
        let key = copy(cursor.key)
        let value = copy(cursor.value)
        print.add(key)
        print.add(value)
        guard let found = try view.value(for: key.span.bytes, in: database) else {
          print.add("cannot be found")
          continue
        }
        if copy(found) != value { print.add("is found otherwise") }
      }
    }
    return print.value
  }

  private static func copy(_ span: RawSpan) -> [UInt8] {
    span.withUnsafeBytes { Array($0) }
  }
}
