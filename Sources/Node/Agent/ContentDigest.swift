import Crypto
import FoundationEssentials
import Inventory
import JSONTape

/// The tag of a type's items, in whatever order, by which a report says that they are as they were.
enum ContentDigest {
  static func of(_ items: [Item]) -> String {
    let lines = items.map { item in
      var bytes: [UInt8] = []
      JSONValue.item(item).write(to: &bytes)
      return bytes
    }
    var digest = SHA256()
    for line in lines.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      digest.update(data: line)
    }
    return Data(digest.finalize()).base64EncodedString()
  }
}
