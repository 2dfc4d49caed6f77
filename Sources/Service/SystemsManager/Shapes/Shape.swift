/// What a member of a request may be: kinds and constraints as in the service's public model.
indirect enum Shape: Sendable {
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
  static func text(_ min: Int = 0, _ max: Int? = nil) -> Shape {
    .string(StringRule(min: min, max: max))
  }

  /// One of some words.
  static func word(_ words: String...) -> Shape { .string(StringRule(words: words)) }

  /// Text of a form.
  static func form(_ form: TextForm, _ min: Int = 0, _ max: Int? = nil) -> Shape {
    .string(StringRule(min: min, max: max, form: form))
  }
}

/// A member of a structure.
struct Field: Sendable {
  var name: String
  var shape: Shape
  var isRequired: Bool

  init(_ name: String, _ shape: Shape, required: Bool = false) {
    self.name = name
    self.shape = shape
    isRequired = required
  }
}

/// What a text may be; lengths count Unicode scalars.
struct StringRule: Sendable {
  var min = 0
  var max: Int?
  var words: [String] = []
  var form: TextForm?
}

/// A pattern of the model, with its text for the error message.
struct TextForm: Sendable {
  /// As the model writes it.
  var pattern: String
  var matches: @Sendable (String) -> Bool
}
