import Inventory

/// The images that containerd has, in all of its name spaces, from its own database.
///
/// Buckets: `v1`, name space, `images`, name of the image, in which `createdat`, and the buckets `target`
/// with the `digest` and `labels`. They are as they have been since containerd 1.0.
struct ContainerdImages {
  /// Where the database is below the folders that containerd has, Docker's and k3s's own ones included.
  private static let folders = [
    "var/lib/containerd", "var/lib/docker/containerd/daemon",
    "var/lib/rancher/*/agent/containerd",
  ]
  private static let name = "io.containerd.metadata.v1.bolt/meta.db"
  /// Images that are read; more than a report carries.
  static let imagesMax = 20_000

  /// One item for each name in each name space; none where there is no containerd.
  static func items(on machine: Machine) throws(CollectorError) -> [Item] {
    var items: [Item] = []
    for folder in folders.flatMap(machine.expand) {
      let path = "\(folder)/\(name)"
      guard machine.exists(path) else { continue }
      items += try BoltFile.read(path, on: machine) { database throws(CollectorError) in
        try all(in: &database, machine.path(path))
      }
    }
    return items
  }

  private static func all(
    in database: inout BoltFile, _ path: String
  ) throws(CollectorError) -> [Item] {
    var items: [Item] = []
    for space in try buckets("v1", in: database.root, of: &database) {
      for image in try buckets("images", in: space.bucket, of: &database) {
        guard items.count < imagesMax else {
          throw CollectorError("\(path) has more than \(imagesMax) images")
        }
        items.append(try item(image.name, image.bucket, space: space.name, in: &database))
      }
    }
    return items
  }

  /// The buckets in a bucket that has this name in another one.
  private static func buckets(
    _ name: String, in parent: BoltFile.Bucket, of database: inout BoltFile
  ) throws(CollectorError) -> [(name: String, bucket: BoltFile.Bucket)] {
    for element in try database.elements(of: parent) where element.key == name {
      guard case .bucket(let bucket) = element.value else { continue }
      return try database.elements(of: bucket).compactMap { element in
        if case .bucket(let inner) = element.value { (element.key, inner) } else { nil }
      }
    }
    return []
  }

  private static func item(
    _ name: String, _ bucket: BoltFile.Bucket, space: String, in database: inout BoltFile
  ) throws(CollectorError) -> Item {
    var values = ContainerImageCollector.nameParts(name)
    values["Engine"] = "containerd"
    values["Namespace"] = space
    for element in try database.elements(of: bucket) {
      switch (element.key, element.value) {
      case ("createdat", .bytes(let bytes)): values["Created"] = time(bytes)?.description
      case ("target", .bucket(let target)):
        values["ImageId"] = try texts(of: target, in: &database).first { $0.key == "digest" }?.value
      case ("labels", .bucket(let labels)):
        let all = try texts(of: labels, in: &database).map { "\($0.key)=\($0.value)" }
        if !all.isEmpty { values["Labels"] = all.joined(separator: ",") }
      default: continue
      }
    }
    return Item(values.mapValues { text(cutTo: 4096, $0) })
  }

  private static func texts(
    of bucket: BoltFile.Bucket, in database: inout BoltFile
  ) throws(CollectorError) -> [(key: String, value: String)] {
    try database.elements(of: bucket).compactMap { element in
      guard case .bytes(let bytes) = element.value else { return nil }
      return (element.key, String(decoding: bytes, as: UTF8.self))
    }
  }

  /// A time as Go packs it: a version, seconds since the year 1, nanoseconds, minutes east of UTC.
  private static func time(_ bytes: ArraySlice<UInt8>) -> Instant? {
    guard bytes.count >= 15, bytes.first == 1 || bytes.first == 2 else { return nil }
    let seconds = bytes.dropFirst().prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let yearOne: Int64 = 62_135_596_800
    guard let since = Int64(exactly: seconds), (yearOne..<1 << 40).contains(since) else {
      return nil
    }
    return Instant(seconds: since - yearOne)
  }
}
