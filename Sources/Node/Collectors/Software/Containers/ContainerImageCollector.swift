public import Inventory
import JSONTape

/// The images that Docker, Podman and containerd keep, read from their own files.
public struct ContainerImageCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:ContainerImage`.
  public var type: TypeName { .containerImage }

  private static let bytesMax = 16 << 20

  /// One item for each name of an image, by name; none where nobody keeps any.
  public func collect(from machine: Machine) throws -> [Item] {
    let items = try docker(machine) + podman(machine) + ContainerdImages.items(on: machine)
    return items.sorted {
      ($0["Repository"] ?? "", $0["Tag"] ?? "") < ($1["Repository"] ?? "", $1["Tag"] ?? "")
    }
  }

  private func docker(_ machine: Machine) throws -> [Item] {
    var items: [Item] = []
    for folder in machine.expand("var/lib/docker/image/*") {
      guard let list = try json("\(folder)/repositories.json", machine)?["Repositories"] else {
        continue
      }
      for repository in list.members {
        for reference in repository.value.members {
          guard let id = reference.value.text else { continue }
          let digits = id.split(separator: ":").last ?? ""
          let details = try json("\(folder)/imagedb/content/sha256/\(digits)", machine)
          items.append(
            Self.item(
              "docker", String(reference.name), id: id, created: details?["created"]?.text))
        }
      }
    }
    return items
  }

  private func podman(_ machine: Machine) throws -> [Item] {
    let list = try json("var/lib/containers/storage/overlay-images/images.json", machine)
    return (list?.elements ?? []).flatMap { image -> [Item] in
      guard let id = image["id"]?.text else { return [] }
      return (image["names"]?.elements ?? []).compactMap(\.text).map { name in
        Self.item("podman", name, id: id, created: image["created"]?.text)
      }
    }
  }

  private static func item(
    _ engine: String, _ name: String, id: String, created: String?
  ) -> Item {
    var values = nameParts(name)
    values["ImageId"] = id
    values["Engine"] = engine
    values["Created"] = created
    return Item(values.mapValues { text(cutTo: 4096, $0) })
  }

  /// Repository, Tag and Digest of a name.
  static func nameParts(_ name: String) -> [String: String] {
    // "host:5000/name:tag" or "name@sha256:…": a port is before a slash, a tag is not.
    if let at = name.firstIndex(of: "@") {
      return [
        "Repository": String(name[..<at]), "Digest": String(name[name.index(after: at)...]),
      ]
    }
    // Kubernetes has a second name for each image, which is its digest.
    if name.hasPrefix("sha256:") { return ["Digest": name] }
    if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") {
      return [
        "Repository": String(name[..<colon]), "Tag": String(name[name.index(after: colon)...]),
      ]
    }
    return ["Repository": name]
  }

  private func json(_ path: String, _ machine: Machine) throws -> JSONValue? {
    guard machine.exists(path) else { return nil }
    let bytes = try machine.bytes(of: path, max: Self.bytesMax)
    do { return try JSONValue(parsing: bytes) } catch {
      throw CollectorError("\(machine.path(path)) is not JSON: \(error)")
    }
  }
}
