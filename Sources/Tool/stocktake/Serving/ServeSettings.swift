import Configuration
import Files
import FoundationEssentials
import JSONTape
import SystemPackage
import Terminal

/// The settings of the server from three places: a flag wins over the environment, that over the file.
struct ServeSettings {
  private let environment: ConfigReader
  private let file: ConfigReader?

  /// Reads a JSON file, if one is named; the environment's names begin with `STOCKTAKE_`.
  init(file path: String?) async throws {
    environment = ConfigReader(provider: EnvironmentVariablesProvider()).scoped(to: "stocktake")
    guard let path else {
      file = nil
      return
    }
    try Self.check(path)
    do {
      file = ConfigReader(
        provider: try await FileProvider<JSONSnapshot>(filePath: FilePath(path)))
    } catch {
      throw CommandFailure(.badInput, "configuration file \(path) cannot be read as settings")
    }
  }

  /// Says what is wrong with the file, which the library that reads it says in its own words.
  private static func check(_ path: String) throws {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: try Files.read(path, bytesMax: fileBytesMax))
    } catch let error as FileError {
      throw CommandFailure(.badInput, "configuration file: \(error)")
    } catch {
      throw CommandFailure(.badInput, "configuration file \(path): \(error)")
    }
    guard case .object = value else {
      throw CommandFailure(
        .badInput, "configuration file \(path) has no object: write {\"port\": 8055}")
    }
  }

  /// Far above what all settings are.
  private static let fileBytesMax = 1 << 20

  /// A text setting.
  func text(_ name: String, _ flag: String?) -> String? {
    flag ?? environment.string(forKey: ConfigKey([name])) ?? file?.string(forKey: ConfigKey([name]))
  }

  /// A number in a range; anything else is refused by name, never passed over.
  func number(_ name: String, _ flag: Int?, in range: ClosedRange<Int>) throws -> Int? {
    let key = ConfigKey([name])
    var value = flag
    if value == nil, let text = environment.string(forKey: key) {
      guard let number = Int(text) else {
        throw CommandFailure(.usage, "setting \(name): \"\(text)\" is not a whole number")
      }
      value = number
    }
    if value == nil, let file {
      value = file.int(forKey: key)
      if value == nil, let text = file.string(forKey: key) {
        throw CommandFailure(.badInput, "setting \(name): \"\(text)\" is not a whole number")
      }
    }
    if let value, !range.contains(value) {
      throw CommandFailure(
        .usage, "setting \(name) is \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
    return value
  }

  /// A switch: the flag can only set it.
  func isOn(_ name: String, _ flag: Bool) -> Bool {
    let key = ConfigKey([name])
    return flag || environment.bool(forKey: key) ?? file?.bool(forKey: key) ?? false
  }
}
