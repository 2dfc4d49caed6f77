import AWSProtocol
import AccessKeys
import Files
import Inventory
import Terminal

/// The key that a server makes when it has none, in a file for its owner alone.
struct FirstKey {
  /// The file's name in the store's directory.
  static let fileName = "first-key"

  let directory: String
  let path: String

  init(directory: String) {
    self.directory = directory
    path = directory + "/" + Self.fileName
  }

  /// Makes an admin key for one Region where the store has none, and writes it; false where it has.
  ///
  /// For one alone: whoever has another Region in the settings of the AWS tools is told so, in place of an
  /// empty inventory. To be called by a server that takes connections: a start that fails leaves no key that
  /// nobody was told of, for with it in the store the next start would make none.
  func makeIfNone(_ keys: AccessKeyStore, endpoint: String) throws -> Bool {
    guard try keys.isEmpty else { return false }
    let account = Scope.standard.account
    let key = try keys.create(
      account: account, regions: [try keys.homeRegion(of: account)], permissions: [.admin],
      description: "made at the first start")
    do { try write(key, endpoint: endpoint) } catch {
      _ = try keys.delete(key.id)
      throw error
    }
    return true
  }

  /// Writes the key as lines that `env` and a shell take.
  private func write(_ key: AccessKey, endpoint: String) throws {
    // Some tools read the one, some the other.
    let region = key.regions.first ?? Scope.standard.region
    let text = """
      AWS_ACCESS_KEY_ID=\(key.id)
      AWS_SECRET_ACCESS_KEY=\(String(decoding: key.secret, as: UTF8.self))
      AWS_REGION=\(region)
      AWS_DEFAULT_REGION=\(region)
      AWS_ENDPOINT_URL_SSM=\(endpoint)
      AWS_ENDPOINT_URL_STS=\(endpoint)

      """
    try replace(text)
  }

  /// Says where the server is now, in a file of an earlier start.
  ///
  /// What an earlier version did not write is added: without the place of STS a tool would ask AWS, with this key.
  func renew(endpoint: String) throws {
    guard let bytes = try? Files.read(path, bytesMax: Self.bytesMax) else { return }
    var lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
      let name = line.prefix { $0 != "=" }
      return name.hasPrefix("AWS_ENDPOINT_URL") ? "\(name)=\(endpoint)" : String(line)
    }
    func value(_ name: String) -> Substring? {
      lines.first { $0.hasPrefix(name + "=") }?.dropFirst(name.count + 1)
    }
    if value("AWS_REGION") == nil, let region = value("AWS_DEFAULT_REGION") {
      lines.append("AWS_REGION=\(region)")
    }
    if value("AWS_ENDPOINT_URL_STS") == nil { lines.append("AWS_ENDPOINT_URL_STS=\(endpoint)") }
    try replace(lines.joined(separator: "\n") + "\n")
  }

  /// The file appears whole, is never readable for others, and survives a power cut.
  private func replace(_ text: String) throws {
    do throws(FileError) { try Files.replace(path, with: Array(text.utf8)) } catch {
      throw CommandFailure(.storeError, error.description)
    }
  }

  /// Far above what the file's lines can be.
  private static let bytesMax = 1 << 16
}
