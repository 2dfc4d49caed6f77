import NIOCore
import NIOSSL
import Synchronization

/// The server's certificate and key, read again on demand; handshakes under way keep the old ones.
package final class Certificates: Sendable {
  private let certificateFile: String
  private let keyFile: String
  private let current: Mutex<NIOSSLContextConfigurationOverride>

  /// Reads PEM files: the certificate with its chain, and its key.
  package init(certificateFile: String, keyFile: String) throws {
    self.certificateFile = certificateFile
    self.keyFile = keyFile
    current = Mutex(try Self.read(certificateFile, keyFile))
  }

  private static func read(
    _ certificateFile: String, _ keyFile: String
  ) throws -> NIOSSLContextConfigurationOverride {
    var pair = NIOSSLContextConfigurationOverride()
    pair.certificateChain = try NIOSSLCertificate.fromPEMFile(certificateFile)
      .map { .certificate($0) }
    pair.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
    // A key that does not fit is found here, not in every handshake from then on.
    _ = try NIOSSLContext(configuration: configuration(pair))
    return pair
  }

  private static func configuration(
    _ pair: NIOSSLContextConfigurationOverride
  ) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: pair.certificateChain ?? [],
      privateKey: pair.privateKey ?? .file(""))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    return configuration
  }

  /// Reads the files again; on an error the old ones stay in use.
  package func reload() throws {
    let fresh = try Self.read(certificateFile, keyFile)
    current.withLock { $0 = fresh }
  }

  /// For the server: each handshake asks for the pair that is current.
  var configuration: TLSConfiguration {
    let pair = current.withLock { $0 }
    var configuration = Self.configuration(pair)
    configuration.sslContextCallback = { [self] _, promise in
      promise.succeed(current.withLock { $0 })
    }
    return configuration
  }
}
