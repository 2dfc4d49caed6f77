import Inventory

/// Random items and contents: few identities, so that they meet often.
struct ContentMaker {
  static let types: [TypeName] = [
    .application, TypeName(stored: "AWS:File"), .instanceInformation,
    TypeName(stored: "Custom:Rack"), TypeName(stored: "Custom:Plain"),
    TypeName(stored: "Custom:Ids"),
  ]

  static let longName = String(repeating: "n", count: 390)
  static let names = ["bash", "kernel", "kernel", "zsh", longName, longName + "x"]
  static let times = [
    "2026-01-01T00:00:00Z", "2026-01-02T03:04:05Z", "2026-02-30T00:00:00Z", "1.2.2026", "",
  ]
  /// The same to a reader, and different bytes.
  static let texts = ["\u{e9}", "e\u{301}", "plain", ""]

  static func item(_ type: TypeName, _ random: inout SeededGenerator) -> Item {
    var values: [String: String] = [:]
    func maybe(_ name: String, _ choices: [String], _ percent: Int) {
      if random.chance(percent) { values[name] = random.pick(choices) }
    }
    switch type.text {
    case "AWS:Application":
      maybe("Name", names, 97)
      maybe("Version", ["1", "2", "3"], 95)
      maybe("Architecture", ["amd64", "arm64", ""], 40)
      maybe("InstalledTime", times, 60)
      maybe("Publisher", texts, 30)
    case "AWS:File":
      maybe("Name", ["a", "b"], 100)
      maybe("InstalledDir", ["/", "/etc"], 80)
      maybe("Size", ["1", "2"], 80)
      maybe("ModificationTime", times, 70)
      maybe("LastAccessTime", times, 30)
      maybe("InstalledDate", times, 10)
    case "AWS:InstanceInformation":
      maybe("ComputerName", ["one", "two"], 100)
      maybe("IpAddress", ["10.0.0.1", "10.0.0.2", "one"], 80)
    case "Custom:Rack":
      maybe("Name", ["r1", "r2", "r3", ""], 97)
      maybe("Slot", ["1", "2"], 70)
    case "Custom:Plain":
      maybe("Value", ["1", "2"] + texts, 70)
      maybe("Long", [longName, longName + "y"], 20)
    default:
      maybe("Id", ["1", "2", "3"], 97)
      maybe("Name", ["x"], 50)
      maybe("State", ["on", "off"], 60)
    }
    return Item(values.map { (key: $0.key, value: $0.value) })
  }

  static func content(_ type: TypeName, _ random: inout SeededGenerator) -> [Item] {
    if random.chance(12) { return [] }
    return (0..<(1 + random.below(6))).map { _ in item(type, &random) }
  }

  /// A content that differs in little from another.
  static func variation(
    of content: [Item], _ type: TypeName, _ random: inout SeededGenerator
  ) -> [Item] {
    var result = content.shuffled(using: &random)
    for _ in 0..<random.below(3) {
      let what = random.below(3)
      if what == 0 || result.isEmpty {
        result.append(item(type, &random))
      } else if what == 1 {
        result.removeLast()
      } else {
        result[random.below(result.count)] = item(type, &random)
      }
    }
    return result
  }
}
