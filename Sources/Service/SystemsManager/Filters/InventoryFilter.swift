import AWSProtocol
import Packages
import PlainText
import HistoryStore
import Inventory
import JSONTape

/// A condition on the rows of one inventory type.
struct InventoryFilter: Sendable {
  enum Comparison: String, Sendable {
    case equal = "Equal"
    case notEqual = "NotEqual"
    case beginWith = "BeginWith"
    case lessThan = "LessThan"
    case greaterThan = "GreaterThan"
    /// That there are rows at all.
    case exists = "Exists"
  }

  var type: TypeName
  var attribute: String
  var comparison: Comparison
  var values: [String]

  /// Whether a row fulfils it; an absent attribute equals nothing.
  func matches(_ row: Item) -> Bool {
    switch comparison {
    case .exists: return true
    case .equal: return row[attribute].map(values.contains) ?? false
    case .notEqual: return row[attribute].map { !values.contains($0) } ?? true
    case .beginWith:
      return row[attribute].map { value in values.contains { value.hasPrefix($0) } } ?? false
    case .lessThan, .greaterThan:
      guard let value = row[attribute] else { return false }
      let order = ValueOrder(of: attribute, type)
      return values.contains {
        comparison == .lessThan ? order.precedes(value, $0) : order.precedes($0, value)
      }
    }
  }

  /// Whether a row is what a NotEqual on all rows forbids.
  func isForbidden(_ row: Item) -> Bool { row[attribute].map(values.contains) ?? false }
}

/// How the values of an attribute are ordered; AWS does not say, docs/compatibility.md does.
struct ValueOrder {
  private let isNumber: Bool
  private let isVersion: Bool

  init(of attribute: String, _ type: TypeName) {
    isNumber = TypeDefinition.of(type).numbers.contains(attribute)
    isVersion = ["Version", "AgentVersion", "PlatformVersion"].contains(attribute)
  }

  func precedes(_ a: String, _ b: String) -> Bool {
    if isNumber, let x = Double(a), let y = Double(b) { return x < y }
    if isVersion { return isOrderedAsVersions(a, b) }
    if let x = Moment.time(a), let y = Moment.time(b) { return x < y }
    return a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
  }
}

extension InventoryFilter {
  /// Reads the filters of a request, and takes the reserved ones out.
  static func parse(
    _ list: [JSONValue], _ moment: inout Moment, allowsExists: Bool = false,
    ofType fixed: TypeName? = nil
  ) throws(AWSError) -> [InventoryFilter] {
    var filters: [InventoryFilter] = []
    for value in list {
      let (key, values) = (value["Key"]?.text ?? "", value["Values"]?.texts ?? [])
      let type = value["Type"]?.text
      if try moment.take(key: key, values: values, type: type) { continue }
      filters.append(
        try InventoryFilter(
          key, values, Comparison(rawValue: type ?? "Equal") ?? .equal, ofType: fixed))
      if filters.last?.comparison == .exists, !allowsExists {
        throw invalid("\(key): Exists is for the filters of a group alone.")
      }
    }
    guard filters.count <= filtersMax else {
      throw .validation(
        "1 validation error detected: Value '\(filters.count) members' at 'filters' failed to "
          + "satisfy constraint: Member must have length less than or equal to \(filtersMax)")
    }
    return filters
  }

  /// Filters in a request beside the reserved ones.
  static let filtersMax = 5

  init(
    _ key: String, _ values: [String], _ comparison: Comparison, ofType fixed: TypeName?
  ) throws(AWSError) {
    self.values = values
    self.comparison = comparison
    if let fixed, !key.contains(":") {
      (type, attribute) = (fixed, key)
      return
    }
    if comparison == .exists, key == "TypeName", values.count == 1, let named = values.first {
      guard let type = try? TypeName(named) else {
        throw AWSError(
          "InvalidTypeNameException", "The inventory type \(named) isn't known.")
      }
      (self.type, attribute) = (try Self.known(type), "")
      return
    }
    if comparison == .exists, let type = try? TypeName(key), !key.contains(".") {
      (self.type, attribute) = (try Self.known(type), "")
      return
    }
    let dot = key.lastIndex(of: ".")
    if let dot, key.hasPrefix("AWS:"), (try? TypeName(String(key[..<dot]))) == nil {
      throw AWSError(
        "InvalidTypeNameException", "The inventory type \(key[..<dot]) isn't known.")
    }
    guard let dot, let type = try? TypeName(String(key[..<dot])),
      key.index(after: dot) < key.endIndex
    else {
      throw Self.invalid(
        "The filter key '\(key)' isn't <TypeName>.<Attribute>, such as AWS:Application.Name.")
    }
    if let fixed, fixed != type {
      throw Self.invalid("The filter key '\(key)' isn't one of \(fixed).")
    }
    (self.type, attribute) = (try Self.known(type), String(key[key.index(after: dot)...]))
  }

  /// A type of AWS must be one of those that there are.
  static func known(_ type: TypeName) throws(AWSError) -> TypeName {
    guard type.text.hasPrefix("Custom:") || TypeDefinition.builtIn[type.text] != nil else {
      throw AWSError(
        "InvalidTypeNameException", "The inventory type \(type) isn't known.")
    }
    return type
  }

  static func invalid(_ message: String) -> AWSError { AWSError("InvalidFilter", message) }
}
