import JSONTape

/// Which files are looked at, in the words of the agent of Systems Manager.
///
/// Source: the parameter `files` of AWS-GatherSoftwareInventory.
public struct FileRule: Sendable, Hashable {
  /// The directory; `$NAME` and `${NAME}` stand for variables of the environment.
  public var path: String
  /// Patterns of which a file's name must match one; `*`, `?` and `[…]` as in a shell.
  public var patterns: [String]
  /// Whether directories in it are looked through too.
  public var isRecursive: Bool
  /// Directories that are looked through for this rule.
  public var directoriesMax: Int

  /// The agent's default.
  public static let directoriesMaxOfAgent = 5_000

  /// Makes a rule.
  public init(
    path: String, patterns: [String], isRecursive: Bool = false,
    directoriesMax: Int = directoriesMaxOfAgent
  ) {
    self.path = path
    self.patterns = patterns
    self.isRecursive = isRecursive
    self.directoriesMax = directoriesMax
  }

  /// The rules in `[{"Path": …, "Pattern": […], "Recursive": …, "DirScanLimit": …}, …]`.
  ///
  /// Throws what is wrong with the first that is none.
  public static func rules(json: String) throws(CollectorError) -> [FileRule] {
    let bytes = Array(json.utf8)
    guard let value = try? JSONValue(parsing: bytes), case .array(let values) = value
    else { throw CollectorError("file rules are a JSON array of objects with Path and Pattern") }
    var rules: [FileRule] = []
    for value in values {
      guard let path = value["Path"]?.text, !path.isEmpty else {
        throw CollectorError("a file rule has a Path")
      }
      let patterns = value["Pattern"]?.texts ?? []
      guard !patterns.isEmpty else {
        throw CollectorError("the file rule for \(path) has a Pattern with at least one glob")
      }
      let known: Set<String> = ["Path", "Pattern", "Recursive", "DirScanLimit"]
      if let other = value.members.first(where: { !known.contains($0.name) }) {
        throw CollectorError("the file rule for \(path) has an unknown member \"\(other.name)\"")
      }
      var rule = FileRule(path: path, patterns: patterns)
      rule.isRecursive = value["Recursive"].map(isTrue) ?? false
      if let limit = value["DirScanLimit"] {
        guard let number = limit.whole ?? limit.text.flatMap({ Int($0) }), number > 0 else {
          throw CollectorError("DirScanLimit of \(path) is a number above 0")
        }
        rule.directoriesMax = number
      }
      rules.append(rule)
    }
    return rules
  }

  /// A truth value, or the text of one, which is what documents of Systems Manager have.
  private static func isTrue(_ value: JSONValue) -> Bool {
    value == .bool(true) || value.text?.lowercased() == "true"
  }
}
