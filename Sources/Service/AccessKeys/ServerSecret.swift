package import Crypto
import Files
import Glibc

/// The server's own secret: 32 random bytes in a file, from which its keys are derived.
///
/// Whoever has the store but not this file cannot read the access keys' secrets.
package struct ServerSecret: Sendable {
  private let bytes: SymmetricKey

  /// Bytes of the file.
  package static let byteCount = 32
  /// The file's name beside the store, where no other is named.
  package static let fileName = "server.key"

  /// Reads the file, or makes it for its owner alone where there is none.
  package init(file: String) throws(AccessKeyError) {
    if unsafe access(file, F_OK) != 0 { try Self.make(file) }
    let content: [UInt8]
    do throws(FileError) { content = try Files.read(file, bytesMax: 4096) } catch {
      throw AccessKeyError("the server's secret: \(error)")
    }
    var status = stat()
    guard unsafe stat(file, &status) == 0, status.st_mode & 0o077 == 0 else {
      throw AccessKeyError(
        "the key file \(file) can be read by others: make it yours alone with chmod 600")
    }
    guard content.count == Self.byteCount else {
      throw AccessKeyError("the key file \(file) does not have \(Self.byteCount) bytes")
    }
    bytes = SymmetricKey(data: content)
  }

  private static func make(_ file: String) throws(AccessKeyError) {
    // Under another name first: a crash leaves no half of a key.
    let temporary = "\(file).\(getpid())"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw AccessKeyError("\(FileError(.make, temporary, code: errno))")
    }
    let key = SymmetricKey(size: .bits256)
    let isWritten = unsafe key.withUnsafeBytes { bytes in
      unsafe write(descriptor, bytes.baseAddress, bytes.count) == bytes.count
    }
    // Of a short write, the disk was full.
    var code = isWritten ? 0 : ENOSPC
    if code == 0 && fsync(descriptor) != 0 { code = errno }
    close(descriptor)
    // A link does not replace a file that another process made meanwhile.
    if unsafe code == 0 && link(temporary, file) != 0 && errno != EEXIST { code = errno }
    unsafe unlink(temporary)
    if code == 0 { code = Files.flushFolder(of: file) }
    guard code == 0 else { throw AccessKeyError("\(FileError(.make, file, code: code))") }
  }

  /// A key for one purpose; different purposes have nothing in common.
  package func key(for purpose: String) -> SymmetricKey {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: bytes, info: Array("stocktake \(purpose)".utf8), outputByteCount: 32)
  }

  /// The bytes of such a key: 32.
  package func bytes(for purpose: String) -> [UInt8] {
    unsafe key(for: purpose).withUnsafeBytes { unsafe Array($0) }
  }
}

/// What is wrong with keys or their file.
package struct AccessKeyError: Error, Sendable, CustomStringConvertible {
  package var description: String

  package init(_ description: String) { self.description = description }
}
