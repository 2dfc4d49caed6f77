import Files
import PlainText

/// A service of AWS that is asked.
package enum AskedService: String, Sendable {
  case ssm, sts
  /// The portal of single sign-on.
  case sso

  /// The first part of its host's name.
  fileprivate var host: String { self == .sso ? "portal.sso" : rawValue }
}

/// What the options, the environment and a profile say of how AWS is to be asked, in that order.
package struct AWSSettings {
  let host: ClientHost
  let config: SharedConfig
  let profile: String
  /// Whether an option names the profile, which wins over keys in the environment.
  let isProfileChosen: Bool
  /// The Region to ask.
  package let region: String

  /// Reads the shared files; a profile that is named must be there.
  ///
  /// Throws ``ClientError``.
  package init(profile: String?, region: String?, host: ClientHost) throws {
    let config = try SharedConfig.ofUser()
    let named =
      profile ?? environmentValue("AWS_PROFILE") ?? environmentValue("AWS_DEFAULT_PROFILE")
    if let named, config.profile(named) == nil {
      throw ClientError(
        .settings,
        "there is no profile \"\(named.onOneLine)\" in \(config.configPath) or "
          + config.credentialsPath)
    }
    self.host = host
    self.config = config
    self.profile = named ?? "default"
    isProfileChosen = profile != nil
    let found =
      region ?? environmentValue("AWS_REGION") ?? environmentValue("AWS_DEFAULT_REGION")
      ?? config.profile(self.profile)?["region"]
    guard let found, Self.isRegion(found) else {
      throw ClientError(
        .settings,
        found.map { "\"\($0.onOneLine)\" is no Region" }
          ?? "name the Region to ask with --aws-region")
    }
    self.region = found
  }

  /// It becomes a part of hosts' names.
  private static func isRegion(_ text: String) -> Bool {
    (1...63).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) || $0 == 0x2d
      }
  }

  /// A setting of the profile, which a variable of the same name can replace.
  package func value(_ name: String) -> String? {
    environmentValue("AWS_" + name.uppercased()) ?? config.profile(profile)?[name]
  }

  /// The certificates to trust, in a file; nil for the system's.
  package var certificates: String? { value("ca_bundle") }

  /// Where a service is: as set for it, as set for all, else AWS's own address.
  package func endpoint(of service: AskedService, region: String? = nil) -> String {
    let region = region ?? self.region
    let set =
      environmentValue("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.lowercased() == "true"
      ? nil : configured(service)
    guard var url = set else {
      return "https://\(service.host).\(region).\(Self.domain(region))"
    }
    while url.hasSuffix("/") { url.removeLast() }
    return url
  }

  private func configured(_ service: AskedService) -> String? {
    let values = config.profile(profile)
    let ofServices = values?["services"].flatMap { config.services[$0] }
    return environmentValue("AWS_ENDPOINT_URL_\(service.rawValue.uppercased())")
      ?? environmentValue("AWS_ENDPOINT_URL")
      ?? ofServices?["\(service.rawValue).endpoint_url"] ?? values?["endpoint_url"]
  }

  /// The domain of a Region's part of AWS.
  private static func domain(_ region: String) -> String {
    let domains = [
      ("cn-", "amazonaws.com.cn"), ("us-iso-", "c2s.ic.gov"), ("us-isob-", "sc2s.sgov.gov"),
      ("eusc-", "amazonaws.eu"),
    ]
    return domains.first { region.hasPrefix($0.0) }?.1 ?? "amazonaws.com"
  }
}
