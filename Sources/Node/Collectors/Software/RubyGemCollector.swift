public import Inventory

/// The gems of Ruby, wherever they are installed.
public struct RubyGemCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:RubyGem`.
  public var type: TypeName { .rubyGem }

  private static let bytesMax = 1 << 20

  /// One item for each specification, by path; none where there is no Ruby.
  ///
  /// Name and version come from the line `# stub:` that RubyGems writes; a specification is a program,
  /// which is never run.
  public func collect(from machine: Machine) throws -> [Item] {
    let found = machine.softwarePlaces()
    for warning in found.warnings { machine.warn(warning) }
    return found.gems.compactMap { path in
      guard let bytes = try? machine.bytes(of: path, max: Self.bytesMax) else { return nil }
      let folder = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
      let stub = bytes.prefix(4096).split(separator: 0x0a).lazy
        .map { String(decoding: $0, as: UTF8.self).trimmed }.first { $0.hasPrefix("# stub: ") }
      let words = stub?.split(separator: " ").dropFirst(2).map(String.init) ?? Self.words(of: path)
      // An installation that was broken off leaves a specification that is empty or cut.
      let isWhole = stub != nil || String(decoding: bytes, as: UTF8.self).contains("Gem::")
      guard words.count >= 2, isWhole else { return nil }
      var values = ["Name": words[0], "Version": words[1], "Path": "/" + folder]
      if words.count > 2, words[2] != "ruby" { values["Platform"] = words[2] }
      return Item(values.mapValues { text(cutTo: 4096, $0) })
    }
  }

  /// The name and the version in `name-1.2.3.gemspec`.
  private static func words(of path: String) -> [String] {
    let name = path.split(separator: "/").last?.dropLast(8) ?? ""
    guard let dash = name.lastIndex(of: "-") else { return [] }
    return [String(name[..<dash]), String(name[name.index(after: dash)...])]
  }
}
