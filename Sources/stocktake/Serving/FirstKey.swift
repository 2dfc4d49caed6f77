import AccessKeys
import Files

/// The key that a server makes when it has none, in a file for its owner alone.
struct FirstKey {
  /// The file's name in the store's directory.
  static let fileName = "first-key"

  let path: String

  init(directory: String) { path = directory + "/" + Self.fileName }

  /// Makes an admin key where the store has none; nil where it has.
  func makeIfNone(_ keys: AccessKeyStore) throws -> AccessKey? {
    guard try keys.isEmpty else { return nil }
    return try keys.create(
      account: "000000000000", permissions: [.admin], description: "made at the first start")
  }

  /// Writes the key as lines that `env` and a shell take.
  func write(_ key: AccessKey, endpoint: String) throws {
    let text = """
      AWS_ACCESS_KEY_ID=\(key.id)
      AWS_SECRET_ACCESS_KEY=\(String(decoding: key.secret, as: UTF8.self))
      AWS_DEFAULT_REGION=local
      AWS_ENDPOINT_URL_SSM=\(endpoint)

      """
    try replace(text)
  }

  /// Says where the server is now, in a file of an earlier start.
  func renew(endpoint: String) throws {
    guard let bytes = try? Files.read(path, bytesMax: Self.bytesMax) else { return }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
      $0.hasPrefix("AWS_ENDPOINT_URL_SSM=") ? "AWS_ENDPOINT_URL_SSM=\(endpoint)" : String($0)
    }
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
