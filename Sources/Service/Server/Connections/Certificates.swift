import Files
import NIOCore
import NIOSSL
import Synchronization

/// What is wrong with a certificate or its key: one sentence.
package struct CertificateError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// The server's certificate and key, read again on demand; handshakes under way keep the old ones.
package final class Certificates: Sendable {
  /// A certificate with its chain, and the key that fits.
  private struct Pair {
    var chain: [NIOSSLCertificateSource]
    var key: NIOSSLPrivateKeySource

    init(certificateFile: String, keyFile: String) throws {
      chain = try Self.reading(certificateFile, "certificate") {
        try NIOSSLCertificate.fromPEMFile($0).map { .certificate($0) }
      }
      key = try Self.reading(keyFile, "private key") {
        .privateKey(try NIOSSLPrivateKey(file: $0, format: .pem))
      }
      // A key that does not fit is found here, not in every handshake from then on.
      do { _ = try NIOSSLContext(configuration: configuration) } catch {
        throw CertificateError(
          "the key in \(keyFile) is not that of the certificate in \(certificateFile)")
      }
    }

    /// Reads a file; the library's own errors do not say what is wrong with it.
    private static func reading<Content>(
      _ path: String, _ what: String, _ read: (String) throws -> Content
    ) throws(CertificateError) -> Content {
      do throws(FileError) { _ = try Files.read(path, bytesMax: fileBytesMax) } catch {
        throw CertificateError(error.description)
      }
      do { return try read(path) } catch { throw CertificateError("\(path) has no \(what) in PEM") }
    }

    /// Far above what a chain of certificates can be.
    private static let fileBytesMax = 1 << 20

    /// The suites of TLS 1.2: such as have forward secrecy, and encrypt and authenticate in one; all of TLS
    /// 1.3 do.
    private static let cipherSuites: [NIOTLSCipher] = [
      .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
      .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
      .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
      .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    var configuration: TLSConfiguration {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain, privateKey: key)
      configuration.minimumTLSVersion = .tlsv12
      configuration.cipherSuiteValues = Self.cipherSuites
      configuration.applicationProtocols = ["http/1.1"]
      return configuration
    }

    var override: NIOSSLContextConfigurationOverride {
      var override = NIOSSLContextConfigurationOverride()
      override.certificateChain = chain
      override.privateKey = key
      return override
    }
  }

  /// The file of the certificate with its chain.
  package let certificateFile: String
  private let keyFile: String
  private let current: Mutex<Pair>

  /// Reads PEM files: the certificate with its chain, and its key.
  package init(certificateFile: String, keyFile: String) throws {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    current = Mutex(try Pair(certificateFile: certificateFile, keyFile: keyFile))
  }

  /// Reads the files again; on an error the old ones stay in use.
  package func reload() throws {
    let fresh = try Pair(certificateFile: certificateFile, keyFile: keyFile)
    current.withLock { $0 = fresh }
  }

  /// For the server: each handshake asks for the pair that is current.
  var configuration: TLSConfiguration {
    var configuration = current.withLock { $0.configuration }
    configuration.sslContextCallback = { [self] _, promise in
      promise.succeed(current.withLock { $0.override })
    }
    return configuration
  }
}
