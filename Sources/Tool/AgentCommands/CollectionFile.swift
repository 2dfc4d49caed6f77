package import Collectors
import Files
import Inventory
import PlainText
import Terminal
import YAML

/// The configuration of what is collected, a YAML file; `docs/collectors.md` describes it.
package enum CollectionFile {
  private static let bytesMax = 1 << 20
  private static let keys = [
    "types", "also", "without", "seconds", "volatile", "files", "custom", "scripts",
  ]

  /// The plan in a file; throws what is wrong with it, with the file's name.
  package static func plan(path: String) throws -> CollectionPlan {
    do {
      // An empty file is one without settings.
      guard let node = try YAMLReader.document(try Files.read(path, bytesMax: bytesMax)),
        !node.isNull
      else { return CollectionPlan() }
      return try plan(try node.mapping(of: keys))
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as FileError {
      throw CommandFailure(.badInput, "configuration file: \(error)".onOneLine)
    } catch {
      throw CommandFailure(
        .badInput, "configuration file \(path): \(String(describing: error).onOneLine)")
    }
  }

  private static func plan(_ file: YAMLMapping) throws -> CollectionPlan {
    var plan = CollectionPlan()
    try choose(&plan, by: file)
    plan.excluded = Set(try (file["without"]?.texts() ?? []).map(parseType))
    plan.types?.removeAll { plan.excluded.contains($0) }
    if let seconds = file["seconds"] { plan.secondsMax = try positive(seconds) }
    plan.keepsVolatile = try file["volatile"]?.flag() ?? false
    if let files = file["files"] { plan.use(try collector(files)) }
    if let custom = try file["custom"]?.texts() {
      var places = CustomFiles()
      places.folders = custom.map { String($0.drop { $0 == "/" }) }
      plan.customFiles = custom.isEmpty ? nil : places
    }
    if let scripts = file["scripts"] { plan.scripts = try folder(scripts) }
    return plan
  }

  /// Chooses the types: what is set up in the file is wanted, whatever else is named.
  private static func choose(_ plan: inout CollectionPlan, by file: YAMLMapping) throws {
    let also = try (file["also"]?.texts() ?? []).map(parseType)
    guard let named = try file["types"]?.texts().map(parseType) else {
      if !also.isEmpty {
        plan.types = plan.defaultTypes + also
        plan.takesAllCustom = true
      }
      return
    }
    let hasRules = try file["files"].map { try !collector($0).rules.isEmpty } ?? false
    plan.types = named + also + (hasRules ? [TypeName(stored: "AWS:File")] : [])
    // Who names types of documents wants these of them.
    let namesDocuments = named.contains { type in
      type.text.hasPrefix("Custom:") && !plan.collectors.contains { $0.type == type }
        && type.text != "Custom:CollectorStatus"
    }
    plan.takesAllCustom = (file["custom"] != nil || file["scripts"] != nil) && !namesDocuments
  }

  private static func folder(_ node: YAMLNode) throws -> ScriptFolder {
    let scripts = try node.mapping(of: ["folder", "user", "seconds", "bytes"])
    var folder = ScriptFolder(path: try scripts.needed("folder").text())
    folder.user = try scripts["user"]?.text()
    if let seconds = scripts["seconds"] { folder.secondsMax = try positive(seconds) }
    if let bytes = scripts["bytes"] { folder.outputBytesMax = try positiveWhole(bytes) }
    return folder
  }

  private static func collector(_ node: YAMLNode) throws -> FileCollector {
    let files = try node.mapping(of: ["limit", "sha256", "rules"])
    var collector = FileCollector(rules: try files.needed("rules").list().map(rule))
    if let limit = files["limit"] { collector.filesMax = try positiveWhole(limit) }
    collector.hasDigests = try files["sha256"]?.flag() ?? false
    return collector
  }

  private static func rule(_ node: YAMLNode) throws -> FileRule {
    let rule = try node.mapping(of: ["path", "patterns", "recursive", "directories"])
    var found = FileRule(
      path: try rule.needed("path").text(), patterns: try rule.needed("patterns").texts())
    found.isRecursive = try rule["recursive"]?.flag() ?? false
    if let directories = rule["directories"] {
      found.directoriesMax = try positiveWhole(directories)
    }
    return found
  }

  private static func positive(_ node: YAMLNode) throws -> Double {
    let value = try node.number()
    guard value > 0, value < 1e9 else { throw node.fault("it is no number above 0") }
    return value
  }

  private static func positiveWhole(_ node: YAMLNode) throws -> Int {
    let value = try node.whole()
    guard value > 0, value < 1_000_000_000 else { throw node.fault("it is no number above 0") }
    return value
  }
}
