package import Inventory

/// A change that a caller made, for the audit: what was done, and on what.
package struct Deed: Sendable, Equatable {
  /// One thing that was changed, or how.
  package struct Object: Sendable, Equatable {
    /// As in requests, such as `instanceId` or `tagKeys`.
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// The operation, as it is called in requests.
  package var operation: String
  package var objects: [Object]
  /// The account and Region in which it was, where those are not the caller's.
  package var scope: Scope?
  /// Whether a node said something of itself, as it does every day.
  package var isRoutine: Bool

  package init(
    _ operation: String, _ objects: [Object], in scope: Scope? = nil, isRoutine: Bool = false
  ) {
    self.operation = operation
    self.objects = objects
    self.scope = scope
    self.isRoutine = isRoutine
  }

  /// Characters of a value that are told.
  private static let valueLengthMax = 512

  /// Values as they are told: one line, of limited length.
  package var told: [(name: String, value: String)] {
    objects.map { object in
      var text = ""
      for scalar in object.value.unicodeScalars.prefix(Self.valueLengthMax) {
        text.unicodeScalars.append(
          scalar.value < 0x20 || scalar.value == 0x7f ? "\u{fffd}" : scalar)
      }
      return (object.name, text)
    }
  }
}
