import Collectors
public import Inventory

/// Reads copies of dpkg's status file, such as `/var/backups/dpkg.status.1.gz`.
///
/// Each file is everything installed at the time of the copy.
public struct DebianStatusImporter: Sendable {
  /// The valid time of what is read; nil for the time at which each file was last written.
  public let time: Instant?

  /// Takes the valid time, or nil for that of each file; cron and gzip keep that of the original.
  public init(at time: Instant? = nil) { self.time = time }

  /// Reads files, plain or packed by gzip, given in any order.
  ///
  /// A file that cannot be read or unpacked, or that is damaged or cut, gives no observation, because
  /// what it lacks would count as removed: it is one of the ``ImportedHistory/failures``, or a
  /// ``CollectorError`` that names it where it is the only one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    try packageStates(of: .debianPackages, paths: paths, node: node, at: time) { bytes in
      DpkgStatusReader.packages(in: bytes).map { package in
        guard package.state != nil, !package.isInstalled || !package.version.isEmpty else {
          return .unclear
        }
        return package.isInstalled
          ? .installed(
            DpkgPackages.item(of: package, installedAt: nil),
            source: DpkgPackages.sourceItem(of: package)) : .absent
      }
    }
  }
}

/// Reads copies of apk's database `/lib/apk/db/installed`.
///
/// Each file is everything installed at the time of the copy. The log of apk is not read: older apk
/// has none, and what newer apk writes there is the output meant for the terminal.
public struct ApkImporter: Sendable {
  /// The valid time of what is read; nil for the time at which each file was last written.
  public let time: Instant?

  /// Takes the valid time, or nil for that of each file.
  public init(at time: Instant? = nil) { self.time = time }

  /// Reads files, plain or packed by gzip, given in any order.
  ///
  /// A file that cannot be read or unpacked, or that is damaged or cut, gives no observation, because
  /// what it lacks would count as removed: it is one of the ``ImportedHistory/failures``, or a
  /// ``CollectorError`` that names it where it is the only one.
  public func history(paths: [String], node: NodeID) throws -> ImportedHistory {
    try packageStates(of: .apk, paths: paths, node: node, at: time) { bytes in
      ApkPackages.all(in: bytes).map { package in
        package.map { .installed($0.item, source: $0.sourceItem) } ?? .unclear
      }
    }
  }
}

/// What a part of a file says of a package.
private enum Stanza {
  /// The package, and which source it is from where that is known.
  case installed(Item, source: Item?)
  case absent
  /// It cannot be said whether the package is installed.
  case unclear
}

/// Reads files of stanzas, each file as one state of `AWS:Application`, and of `Custom:PackageSource`.
private func packageStates(
  of source: Report.Source, paths: [String], node: NodeID, at time: Instant?,
  parse: ([UInt8]) -> [Stanza]
) throws -> ImportedHistory {
  var states = StateHistory(of: source)
  try states.read(paths) { path, states in
    let instant = try time ?? FileTime.modified(path)
    let bytes = try CompressedFile.bytes(ofFileAt: path).withoutReturns
    if let fault = fault(in: bytes) {
      throw CollectorError("\(path) \(fault); it gives no observation")
    }
    let stanzas = parse(bytes)
    states.recordsRead += stanzas.count
    guard !stanzas.isEmpty else {
      throw CollectorError("\(path) has no package; it gives no observation")
    }
    var items: [Item] = []
    var sources: [Item] = []
    for (index, stanza) in stanzas.enumerated() {
      switch stanza {
      case .installed(let item, let source):
        items.append(item)
        if let source { sources.append(source) }
      case .absent: break
      case .unclear:
        throw CollectorError(
          "\(path): package number \(index + 1) lacks its name, version or state; the file gives no"
            + " observation")
      }
    }
    states.add(items, of: .application, schemaVersion: "1.1", at: instant, place: path)
    if !sources.isEmpty { states.add(sources, of: .packageSource, at: instant, place: path) }
  }
  return states.history(node: node)
}

/// Why a file of stanzas is not whole: it was cut inside one, or has a line that is no field.
private func fault(in bytes: [UInt8]) -> String? {
  guard !bytes.isEmpty else { return nil }
  var number = 0
  for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false) {
    number += 1
    guard let first = line.first, first != 0x20, first != 0x09 else { continue }
    if !line.contains(0x3a) { return "line \(number) is no field" }
  }
  // Every package ends with an empty line.
  return bytes.suffix(2) == [0x0a, 0x0a] ? nil : "was cut in line \(number)"
}
