package import Collectors
import Foundation
import Inventory
import PlainText
import Terminal
import Yams

/// The configuration of what is collected, a YAML file; `docs/collectors.md` describes it.
package struct CollectionFile: Decodable {
  struct Files: Decodable {
    struct Rule: Decodable {
      var path: String
      var patterns: [String]
      var recursive: Bool?
      var directories: Int?

      enum CodingKeys: String, CodingKey, CaseIterable {
        case path, patterns, recursive, directories
      }

      init(from decoder: any Decoder) throws {
        let values = try decoder.strict(CodingKeys.self)
        path = try values.decode(String.self, forKey: .path)
        patterns = try values.decode([String].self, forKey: .patterns)
        recursive = try values.decodeIfPresent(Bool.self, forKey: .recursive)
        directories = try values.decodeIfPresent(Int.self, forKey: .directories)
      }
    }

    var limit: Int?
    var sha256: Bool?
    var rules: [Rule]

    enum CodingKeys: String, CodingKey, CaseIterable { case limit, sha256, rules }

    init(from decoder: any Decoder) throws {
      let values = try decoder.strict(CodingKeys.self)
      limit = try values.decodeIfPresent(Int.self, forKey: .limit)
      sha256 = try values.decodeIfPresent(Bool.self, forKey: .sha256)
      rules = try values.decode([Rule].self, forKey: .rules)
    }
  }

  struct Scripts: Decodable {
    var folder: String
    var user: String?
    var seconds: Double?
    var bytes: Int?

    enum CodingKeys: String, CodingKey, CaseIterable { case folder, user, seconds, bytes }

    init(from decoder: any Decoder) throws {
      let values = try decoder.strict(CodingKeys.self)
      folder = try values.decode(String.self, forKey: .folder)
      user = try values.decodeIfPresent(String.self, forKey: .user)
      seconds = try values.decodeIfPresent(Double.self, forKey: .seconds)
      bytes = try values.decodeIfPresent(Int.self, forKey: .bytes)
    }
  }

  var types: [String]?
  var also: [String]?
  var without: [String]?
  var seconds: Double?
  var volatile: Bool?
  var files: Files?
  var custom: [String]?
  var scripts: Scripts?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case types, also, without, seconds, volatile, files, custom, scripts
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.strict(CodingKeys.self)
    types = try values.decodeIfPresent([String].self, forKey: .types)
    also = try values.decodeIfPresent([String].self, forKey: .also)
    without = try values.decodeIfPresent([String].self, forKey: .without)
    seconds = try values.decodeIfPresent(Double.self, forKey: .seconds)
    volatile = try values.decodeIfPresent(Bool.self, forKey: .volatile)
    files = try values.decodeIfPresent(Files.self, forKey: .files)
    custom = try values.decodeIfPresent([String].self, forKey: .custom)
    scripts = try values.decodeIfPresent(Scripts.self, forKey: .scripts)
  }

  private static let bytesMax = 1 << 20

  /// The plan in a file; throws what is wrong with it, with the file's name.
  package static func plan(path: String) throws -> CollectionPlan {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      guard data.count <= bytesMax else {
        throw CollectorError("it has more than \(bytesMax) bytes")
      }
      // An empty file is one without settings.
      let isEmpty = try Yams.compose(yaml: String(decoding: data, as: UTF8.self)) == nil
      return try YAMLDecoder().decode(CollectionFile.self, from: isEmpty ? Data("{}".utf8) : data)
        .plan()
    } catch let failure as CommandFailure {
      throw failure
    } catch let error as DecodingError {
      throw CommandFailure(.badInput, "configuration file \(path): \(error.sentence)")
    } catch {
      throw CommandFailure(
        .badInput, "configuration file \(path): \(String(describing: error).onOneLine)")
    }
  }

  private func plan() throws -> CollectionPlan {
    var plan = CollectionPlan()
    if let types {
      plan.types = try types.map(parseType)
    } else if let also {
      plan.types = try plan.defaultTypes + also.map(parseType)
      plan.takesAllCustom = true
    }
    plan.excluded = Set(try (without ?? []).map(parseType))
    plan.types?.removeAll { plan.excluded.contains($0) }
    if let seconds { plan.secondsMax = try Self.positive(seconds, "seconds") }
    plan.keepsVolatile = volatile ?? false
    if let files { try add(files, to: &plan) }
    if let custom {
      var places = CustomFiles()
      places.folders = custom.map { String($0.drop { $0 == "/" }) }
      plan.customFiles = custom.isEmpty ? nil : places
    }
    if let scripts {
      var folder = ScriptFolder(path: scripts.folder)
      folder.user = scripts.user
      if let seconds = scripts.seconds {
        folder.secondsMax = try Self.positive(seconds, "scripts.seconds")
      }
      if let bytes = scripts.bytes {
        folder.outputBytesMax = Int(try Self.positive(Double(bytes), "scripts.bytes"))
      }
      plan.scripts = folder
    }
    return plan
  }

  private func add(_ files: Files, to plan: inout CollectionPlan) throws {
    var collector = FileCollector(
      rules: try files.rules.map { rule in
        var found = FileRule(path: rule.path, patterns: rule.patterns)
        found.isRecursive = rule.recursive ?? false
        if let directories = rule.directories {
          found.directoriesMax = Int(
            try Self.positive(Double(directories), "directories of \(rule.path)"))
        }
        return found
      })
    if let limit = files.limit {
      collector.filesMax = Int(try Self.positive(Double(limit), "files.limit"))
    }
    collector.hasDigests = files.sha256 ?? false
    plan.use(collector)
  }

  private static func positive(_ value: Double, _ name: String) throws -> Double {
    guard value > 0, value < 1e9 else { throw CollectorError("\(name) is a number above 0") }
    return value
  }
}

/// A key of any name.
private struct AnyKey: CodingKey {
  var stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }

  init?(intValue: Int) { nil }
}

extension Decoder {
  /// The values of a mapping that has no other keys than those given.
  fileprivate func strict<Key: CodingKey & CaseIterable>(
    _ keys: Key.Type
  ) throws -> KeyedDecodingContainer<Key> {
    let known = keys.allCases.map(\.stringValue)
    for key in try container(keyedBy: AnyKey.self).allKeys where !known.contains(key.stringValue) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: codingPath,
          debugDescription: "\"\(key.stringValue)\" is none of \(known.joined(separator: ", "))"))
    }
    return try container(keyedBy: keys)
  }
}

extension DecodingError {
  /// Where and what, in one sentence.
  fileprivate var sentence: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .dataCorrupted(let context):
      let place = context.codingPath.map(\.stringValue).joined(separator: ".")
      let cause = context.underlyingError.map { String(describing: $0).onOneLine }
      return (place.isEmpty ? "" : place + ": ") + (cause ?? context.debugDescription)
    case .keyNotFound(let key, let context):
      let place = (context.codingPath.map(\.stringValue)).joined(separator: ".")
      return (place.isEmpty ? "" : place + ": ") + "\"\(key.stringValue)\" is missing"
    @unknown default: return String(describing: self).onOneLine
    }
  }
}
