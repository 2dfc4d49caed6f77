/// A question about a fleet, and the digest of its right answer.
public struct FleetQuery: Codable, Sendable {
  /// The kind: `asof`, `current`, `who`, `diff`, `history`, `rollout`, `rollup`, `changes`.
  public var q: String
  /// The node, where it is about one.
  public var host: String?
  /// The package, where it is about one.
  public var name: String?
  /// The version that is looked for.
  public var version: String?
  /// The valid time, in seconds since 1970.
  public var time: Int64?
  /// Where a range begins, in seconds since 1970.
  public var from: Int64?
  /// Where a range ends, in seconds since 1970.
  public var to: Int64?
  /// How many times, a day apart, from `from` on.
  public var days: Int?
  /// Lines of the answer.
  public var count: Int
  /// The digest of the lines, as ``DigestLines`` has it.
  public var sha256: String

  init(q: String) {
    self.q = q
    count = 0
    sha256 = ""
  }

  mutating func answer(_ lines: DigestLines) {
    count = lines.count
    sha256 = lines.sha256
  }

  /// The query as one line of JSON.
  public var json: String {
    var fields = [#""q":"\#(q)""#]
    for (key, text) in [("host", host), ("name", name), ("version", version)] {
      if let text { fields.append(#""\#(key)":"\#(text)""#) }
    }
    for (key, number) in [
      ("time", time), ("from", from), ("to", to), ("days", days.map(Int64.init)),
    ] {
      if let number { fields.append(#""\#(key)":\#(number)"#) }
    }
    fields.append(#""count":\#(count)"#)
    fields.append(#""sha256":"\#(sha256)""#)
    return "{" + fields.joined(separator: ",") + "}"
  }
}
