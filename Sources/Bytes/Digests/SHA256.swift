import CCrypto
import PlainText

/// A SHA-256 digest of 32 bytes.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// Takes 32 bytes; nil for any other number.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// 32 zero bytes: what a hash chain starts from.
  public static let zero = SHA256Digest(unchecked: [UInt8](repeating: 0, count: 32))

  init(unchecked bytes: [UInt8]) { self.bytes = bytes }

  /// Lower-case hexadecimal.
  public var description: String { Hex.text(bytes) }
}

/// SHA-256 by OpenSSL, which uses the processor's own instructions where it has them.
///
/// The context is reused, so a digest costs no allocation inside OpenSSL.
@safe public struct SHA256: ~Copyable {
  private let context: OpaquePointer
  private let algorithm: OpaquePointer

  /// Makes a hasher; traps only where OpenSSL has no memory.
  public init() {
    guard let context = unsafe EVP_MD_CTX_new(),
      let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil)
    else { preconditionFailure("OpenSSL gave no SHA-256") }
    unsafe self.context = context
    unsafe self.algorithm = algorithm
  }

  deinit {
    unsafe EVP_MD_CTX_free(context)
    unsafe EVP_MD_free(algorithm)
  }

  /// The digest of `first` followed by `second`.
  public func digest(_ first: RawSpan, _ second: RawSpan = RawSpan()) -> SHA256Digest {
    var output = [UInt8](repeating: 0, count: 32)
    var isDone = unsafe EVP_DigestInit_ex2(context, algorithm, nil) == 1
    unsafe first.withUnsafeBytes {
      isDone = unsafe isDone && EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1
    }
    unsafe second.withUnsafeBytes {
      isDone = unsafe isDone && EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1
    }
    unsafe output.withUnsafeMutableBufferPointer {
      isDone = unsafe isDone && EVP_DigestFinal_ex(context, $0.baseAddress, nil) == 1
    }
    precondition(isDone, "OpenSSL did not compute a SHA-256")
    return SHA256Digest(unchecked: output)
  }
}
