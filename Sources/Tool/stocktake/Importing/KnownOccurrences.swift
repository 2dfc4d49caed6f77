import Inventory
import Terminal

/// What is known of a node's items of one type, to complete what another source says of the same ones.
///
/// A copy of a status file knows no InstalledTime, a bill no publisher, Puppet no architecture; without
/// this, each would look as if all packages had changed.
struct KnownOccurrences {
  /// What must be equal for two items to be of the same thing, and what a source may not know although
  /// items are matched by it.
  private struct Rule {
    var same: [String]
    var unknown: [String]
    /// What names the thing in any version.
    var name: String { "Name" }
  }

  private static let rules: [String: Rule] = {
    let language = Rule(same: ["Name", "Version"], unknown: ["Path"])
    return [
      "AWS:Application": Rule(
        same: ["Name", "Version", "Release"], unknown: ["Architecture", "Epoch"]),
      "Custom:PythonPackage": language, "Custom:NodePackage": language, "Custom:RubyGem": language,
      "Custom:User": Rule(same: ["Name", "Uid"], unknown: []),
      "Custom:Group": Rule(same: ["Name", "Gid"], unknown: []),
    ]
  }()

  /// Whether items of a type are packages, of which another version is the same thing.
  static func arePackages(_ type: TypeName) -> Bool { rules[type.text]?.unknown.isEmpty == false }

  private let rule: Rule
  private var same: [[String]: [Item]] = [:]
  private var named: [String: [Item]] = [:]

  /// Whether items of a type are completed at all.
  static func areOf(_ type: TypeName) -> Bool { rules[type.text] != nil }

  /// Takes what is known; nil for types whose items are not completed.
  init?(_ items: some Sequence<Item>, of type: TypeName) {
    guard let rule = Self.rules[type.text] else { return nil }
    self.rule = rule
    for item in items {
      same[Self.key(item, rule.same), default: []].append(item)
      named[item[rule.name] ?? "", default: []].append(item)
    }
  }

  private static func key(_ item: Item, _ names: [String]) -> [String] {
    names.map { item[$0] ?? "" }
  }

  /// The item with the attributes that it lacks, as far as they are known of the same thing.
  ///
  /// Of another version of the only thing of that name it gets what items are matched by, so that it is
  /// that thing in another version and not another thing.
  func completed(_ item: Item) -> Item {
    let candidates = (same[Self.key(item, rule.same)] ?? []).filter { known in
      rule.unknown.allSatisfy { Self.agree(item[$0], known[$0]) }
    }
    if let known = candidates.first,
      candidates.count == 1 || rule.unknown.allSatisfy({ item[$0] == known[$0] })
    {
      return Self.filled(item, from: known.attributes.map { ($0.name, $0.value) }, known)
    }
    guard candidates.isEmpty, let others = named[item[rule.name] ?? ""] else { return item }
    // An epoch belongs to a version.
    let names = rule.unknown.filter { $0 != "Epoch" && (item[$0] ?? "").isEmpty }
    let values = names.compactMap { name -> (String, String)? in
      let known = Set(others.map { $0[name] ?? "" })
      return known.count == 1 ? known.first.map { (name, $0) } : nil
    }
    return values.isEmpty ? item : Self.filled(item, from: values, nil)
  }

  /// Whether two values may be of the same thing: equal, or not known on one side.
  private static func agree(_ value: String?, _ known: String?) -> Bool {
    let (value, known) = (value ?? "", known ?? "")
    return value.isEmpty || value == known || (value == "0" && known.isEmpty)
  }

  private static func filled(
    _ item: Item, from values: [(String, String)], _ known: Item?
  ) -> Item {
    let missing = values.filter { (item[$0.0] ?? "").isEmpty }
    // An empty text says no more than its absence.
    let said = item.attributes.filter { attribute in
      !missing.contains { $0.0 == attribute.name }
        && (!attribute.value.isEmpty || known == nil || known?[attribute.name] != nil)
    }
    return Item(
      said.map { (key: $0.name, value: $0.value) } + missing.map { (key: $0.0, value: $0.1) })
  }
}
