/// What a member of a request may be: kinds and constraints as in the service's public model.
package indirect enum Shape: Sendable {
  case string(StringRule)
  case integer(min: Int64?, max: Int64?)
  case boolean
  /// Seconds since 1970 as a number, or a date as text.
  case timestamp
  case list(Shape, min: Int = 0, max: Int? = nil)
  case map(key: Shape, value: Shape, min: Int = 0, max: Int? = nil)
  case structure([Field])
  /// A shape that contains itself.
  case recursive(@Sendable () -> Shape)

  /// Any text of some length.
  package static func text(_ min: Int = 0, _ max: Int? = nil) -> Shape {
    .string(StringRule(min: min, max: max))
  }

  /// One of some words.
  package static func word(_ words: String...) -> Shape { .string(StringRule(words: words)) }

  /// Text of a form.
  package static func form(_ form: TextForm, _ min: Int = 0, _ max: Int? = nil) -> Shape {
    .string(StringRule(min: min, max: max, form: form))
  }
}

/// A member of a structure.
package struct Field: Sendable {
  package var name: String
  package var shape: Shape
  package var isRequired: Bool

  package init(_ name: String, _ shape: Shape, required: Bool = false) {
    self.name = name
    self.shape = shape
    isRequired = required
  }
}

extension Field {
  /// The token of the page before.
  package static let nextToken = Field("NextToken", .text())

  /// How many values a page has at most.
  package static func maxResults(_ min: Int64 = 1, _ max: Int64 = 50) -> Field {
    Field("MaxResults", .integer(min: min, max: max))
  }
}

/// What a text may be; lengths count Unicode scalars.
package struct StringRule: Sendable {
  package var min = 0
  package var max: Int?
  package var words: [String] = []
  package var form: TextForm?
}

/// A pattern of the model, with its text for the error message.
package struct TextForm: Sendable {
  /// As the model writes it.
  package var pattern: String
  package var matches: @Sendable (String) -> Bool

  package init(pattern: String, matches: @escaping @Sendable (String) -> Bool) {
    self.pattern = pattern
    self.matches = matches
  }
}
