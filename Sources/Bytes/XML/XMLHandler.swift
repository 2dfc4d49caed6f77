/// Takes what a document has, element by element.
package protocol XMLHandler: AnyObject {
  /// An element begins; the answer says what is wanted of it.
  func begins(_ name: String, _ attributes: borrowing XMLAttributes) -> XMLInterest

  /// An element ends of which the children or the text were wanted.
  ///
  /// `text` is what stands in the element itself, where the text was wanted; else it is empty.
  func ends(_ name: String, text: String)
}

/// What is wanted of an element; the rest costs no memory.
package enum XMLInterest: Sendable {
  /// Neither it nor anything inside: its end is not told either.
  case nothing
  /// The elements inside, each of which is asked about in its turn.
  case children
  /// The text between its tags, without that of elements inside.
  case text
}

/// Limits of what a document may be; how long it is limits the one who feeds it.
package struct XMLLimits: Sendable {
  /// Elements inside each other; inventories have five levels, repositories six.
  package var depthMax = 32
  /// Bytes of one text that is wanted.
  package var textBytesMax = 1 << 20
  /// Bytes of one tag, comment or instruction, which is held in memory until it ends.
  package var tagBytesMax = 1 << 20

  /// The limits as they are everywhere.
  package init() {}
}

/// Why a document cannot be read.
package struct XMLFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The number of the line, beginning with 1.
  package var line: Int
  /// A few words.
  package var reason: String

  /// `line 7: unclosed token`.
  package var description: String { "line \(line): \(reason)" }
}
