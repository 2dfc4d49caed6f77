import Inventory

/// The applications and runtimes that flatpak has installed for all users.
///
/// A flatpak has no version of its own that a file tells: what tells two apart is the commit.
struct FlatpakPackages: PackageSource {
  private static let folder = "var/lib/flatpak"

  func isThere(on machine: Machine) -> Bool { machine.exists(Self.folder + "/repo") }

  func packages(on machine: Machine) throws -> [Item] {
    ["app", "runtime"].flatMap { kind in
      machine.expand("\(Self.folder)/\(kind)/*/*/*").compactMap { path -> Item? in
        guard let commit = machine.link(at: path + "/active") else { return nil }
        let parts = path.split(separator: "/").suffix(3).map(String.init)
        // "current" is a link to a branch of the application, which has its own place.
        guard parts[1] != "current" else { return nil }
        let version = String((commit.split(separator: "/").last ?? "").prefix(12))
        return [
          "Name": AgentForm.field(parts[0]), "Version": version, "Release": parts[2],
          "Architecture": AgentForm.architecture(parts[1]), "ApplicationType": "flatpak",
          "PackageId": "\(kind)/\(parts.joined(separator: "/"))", "Publisher": "",
        ]
      }
    }
  }
}
