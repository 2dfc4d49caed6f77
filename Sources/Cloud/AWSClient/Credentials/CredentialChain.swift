import Inventory

/// The places where AWS's tools look for keys, asked in their order, and the keys that were found.
///
/// Keys that end are fetched again from the same place before they do. Not to be shared by threads.
package final class CredentialChain {
  /// Keys are fetched again this long before they end, or half-way where they are shorter-lived.
  static let marginSeconds: Int64 = 600

  private let sources: [any CredentialSource]
  private var source: (any CredentialSource)?
  private var current: AWSCredentials?
  private var renewal: Instant?

  /// The places in order; none is asked yet.
  init(_ sources: [any CredentialSource]) { self.sources = sources }

  /// The places of the AWS tools.
  ///
  /// A profile that was chosen wins over keys in the environment.
  package convenience init(_ settings: AWSSettings) {
    let environment: [any CredentialSource] =
      settings.isProfileChosen
      ? [] : [EnvironmentCredentials(), WebIdentityCredentials(settings: settings)]
    self.init(
      environment + [
        ProfileCredentials(settings: settings, profile: settings.profile),
        ContainerCredentials(settings: settings), InstanceCredentials(settings: settings),
      ])
  }

  /// Whose keys are used, for messages.
  package var place: String { source?.name ?? "nowhere" }

  /// Whether the keys end, so that there may be newer ones.
  package var areTemporary: Bool { current?.sessionToken != nil || current?.expiration != nil }

  /// The keys; `anew` where the service no longer takes those that were given last.
  ///
  /// Throws ``ClientError``.
  package func credentials(anew: Bool = false) throws -> AWSCredentials {
    let now = Instant.now
    if !anew, let current, renewal.map({ now < $0 }) ?? true { return current }
    let fresh: AWSCredentials
    do { fresh = try ask() } catch {
      // Those in hand are good for a while yet.
      if !anew, let current, current.expiration.map({ now < $0 }) ?? true { return current }
      throw error
    }
    current = fresh
    renewal = fresh.expiration.map { end in
      let left = max(0, end.seconds - now.seconds)
      return end.advanced(bySeconds: -min(Self.marginSeconds, left / 2))
    }
    return fresh
  }

  /// Asks the place that had keys before, else all in order.
  private func ask() throws -> AWSCredentials {
    var looked: [String] = []
    for source in self.source.map({ [$0] }) ?? sources {
      do {
        switch try source.ask() {
        case .found(let credentials):
          self.source = source
          return credentials
        case .absent(let reason): looked.append("\(source.name): \(reason)")
        }
      } catch let error as CredentialFailure {
        looked.append("\(source.name): \(error)")
        throw ClientError(
          .credentials, "no keys to ask AWS with. Looked at " + looked.joined(separator: "; "))
      }
    }
    throw ClientError(
      .settings, "no keys to ask AWS with. Looked at " + looked.joined(separator: "; "))
  }
}
