import Collectors
import Foundation
package import Inventory

/// Name, version and architecture: what a log can know.
package struct Known: Hashable, CustomStringConvertible {
  package var name: String
  package var version: String
  package var architecture: String

  package init(_ name: String, _ version: String, _ architecture: String = "x86_64") {
    self.name = name
    self.version = version
    self.architecture = architecture
  }

  package init(_ item: Item) {
    self.init(item["Name"] ?? "", item["Version"] ?? "", item["Architecture"] ?? "")
  }

  package var description: String { "\(name):\(architecture) \(version)" }
}

/// An item as the collector gives it for a package.
package func present(
  _ name: String, _ version: String, _ architecture: String = "amd64",
  installed: String? = "2026-01-01T00:00:00Z"
) -> Item {
  var item: Item = [
    "Name": name, "Version": version, "Publisher": "Someone <someone@example.org>",
    "Architecture": AgentForm.architecture(architecture), "ApplicationType": "utils",
    "Summary": "the program \(name)", "PackageId": "\(name)_\(version)_\(architecture).deb",
  ]
  item["InstalledTime"] = installed
  return item
}

/// The instant of `2026-03-03 09:00:00` in UTC.
package func utc(_ text: String) -> Instant {
  Instant(captureTime: text.replacingOccurrences(of: " ", with: "T") + "Z") ?? .distantPast
}
