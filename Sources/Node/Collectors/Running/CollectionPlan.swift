public import Inventory

/// What is collected, and within which limits.
public struct CollectionPlan: Sendable {
  /// The types to collect; nil for all that are on by default, and all custom ones.
  public var types: [TypeName]?
  /// Types that are not collected although they are on by default.
  public var excluded: Set<TypeName> = []
  /// The collectors to choose from.
  public var collectors: [any Collector] = CollectorTable.all
  /// Whether all custom documents are taken although types are named.
  public var takesAllCustom = false
  /// Folders with documents of custom types.
  public var customFiles: CustomFiles? = CustomFiles()
  /// A folder of programs that print documents of custom types.
  public var scripts: ScriptFolder?
  /// Seconds that one collector, or one folder of documents, may take before it is left behind.
  public var secondsMax = 30.0
  /// Whether attributes and items that move by themselves are sent too.
  public var keepsVolatile = false

  /// Makes the plan that collects what is on by default.
  public init() {}

  /// The types that are collected where none are named.
  public var defaultTypes: [TypeName] {
    collectors.filter(\.isDefault).map(\.type) + [.collectorStatus]
  }

  /// Puts a collector in the place of the one of its type.
  public mutating func use(_ collector: some Collector) {
    collectors.removeAll { $0.type == collector.type }
    collectors.append(collector)
  }

  /// The collectors that are to run, and the types that nobody collects.
  func chosen() -> (collectors: [any Collector], unknown: [TypeName]) {
    guard let types else {
      return (collectors.filter { $0.isDefault && !excluded.contains($0.type) }, [])
    }
    var chosen: [any Collector] = []
    var unknown: [TypeName] = []
    var done: Set<TypeName> = []
    for type in types where done.insert(type).inserted {
      if let collector = collectors.first(where: { $0.type == type }) {
        chosen.append(collector)
      } else if type != .collectorStatus {
        unknown.append(type)
      }
    }
    return (chosen, unknown)
  }
}

/// What came of one collector, file or script for one type.
public struct Collected: Sendable {
  /// What was asked: a type, or the path of a file or script.
  public var source: String
  /// The type; nil where a file or script did not come to name one.
  public var type: TypeName?
  /// The version of the type's schema.
  public var schemaVersion = "1.0"
  /// All items of the type, as they were found; nil where it failed.
  public var items: [Item]?
  /// Why there are no items, in one sentence.
  public var failure: String?
  /// Whether that is because the machine has nothing that could tell.
  public var isUnavailable = false
  /// What could not be read in full.
  public var warnings: [String] = []
  /// The items without what moves by itself.
  public var steady: [Item]?

  /// Makes what came of a source.
  init(source: String, type: TypeName?) {
    self.source = source
    self.type = type
  }
}

/// What came of collecting: the types that could be read, and why others could not.
public struct CollectionResult: Sendable {
  /// A type, file or script of which nothing could be collected.
  public struct Failure: Sendable, Hashable, CustomStringConvertible {
    /// What was asked: a type, or the path of a file or script.
    public let source: String
    /// Why not, in one sentence.
    public let message: String
    /// Whether that is because the machine has nothing that could tell: no failure of the collection.
    public let isUnavailable: Bool

    /// `AWS:Network: message`.
    public var description: String { "\(source): \(message)" }
  }

  /// One entry for each type that could be read, all of one capture time.
  ///
  /// More than one report where a single one would exceed ``ReportLimits``; none where nothing could
  /// be read.
  public let reports: [Report]
  /// What could not be read, in the order in which it was asked for.
  public let failures: [Failure]
  /// What could be read only in part.
  public let warnings: [Failure]
  /// What came of each source.
  public let collected: [Collected]
}
