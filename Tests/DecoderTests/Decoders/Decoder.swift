/// A way into the product for bytes that somebody else wrote.
///
/// What it throws is an answer. What it must not do is trap, read past an end, take memory without a limit
/// or go on for seconds; and some parts compare what they read with what another way makes of it.
struct Decoder: Sendable {
  /// One reader of bytes.
  struct Part: Sendable {
    let name: String
    let read: @Sendable ([UInt8]) throws -> Void

    init(_ name: String, _ read: @escaping @Sendable ([UInt8]) throws -> Void) {
      self.name = name
      self.read = read
    }
  }

  let name: String
  /// Of several the first byte chooses one.
  let parts: [Part]

  init(_ name: String, _ parts: [Part]) {
    self.name = name
    self.parts = parts
  }

  /// Reads bytes; returns whether they were taken for what they should be.
  @discardableResult
  func take(_ bytes: [UInt8]) -> Bool {
    let part: Part
    var rest = bytes[...]
    if parts.count == 1 {
      part = parts[0]
    } else {
      guard let first = rest.popFirst() else { return false }
      part = parts[Int(first) % parts.count]
    }
    do {
      try part.read(Array(rest))
      return true
    } catch {
      // Sentences are made of what was read.
      _ = "\(error)"
      return false
    }
  }

  /// All there are.
  static let all: [Decoder] = [
    logRecord, rows, timeline, postings, report, json, signature, credentials, requests, times,
    packageLogs, packageStates, bills, logsOfJSON, xml, packed, databases, lines,
    running,
  ]

  /// The decoder of a name; nil where there is none.
  static func named(_ name: String) -> Decoder? { all.first { $0.name == name } }
}

/// Ends the process where what should hold does not.
func hold(_ condition: Bool, _ sentence: @autoclosure () -> String) {
  if !condition { fatalError(sentence()) }
}
