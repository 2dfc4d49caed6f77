/// Reads dpkg's status file as it comes: stanzas of `Field: value` lines with an empty line between them.
///
/// What is kept is the packages and one line, however long the file is.
package struct DpkgStatusReader {
  /// Packages that are kept; more are only counted.
  package static let packagesMax = 50_000
  /// Bytes of a line that are looked at; no field that is wanted needs more.
  static let lineBytesMax = 64 << 10

  /// The packages in any state whose stanzas have ended.
  package private(set) var packages: [DpkgPackage] = []
  /// How many there are.
  package private(set) var count = 0
  private var package = DpkgPackage()
  /// Whether lines end with a carriage return too, as in a copy that passed through Windows; nil before
  /// the first line.
  private var hasReturns: Bool?
  /// A line whose end has not come.
  private var held: [UInt8] = []
  /// A field, until it is known whether it goes on in the next line.
  private var field: (name: Field, value: ArraySlice<UInt8>)?

  private enum Field: String {
    case package, version, architecture, maintainer, section, homepage, description, status, source
    case configVersion = "config-version"
    case installedTime = "installed-time"

    /// dpkg compares names without regard to case; nil for fields that are not wanted.
    init?(_ name: ArraySlice<UInt8>) {
      guard (6...14).contains(name.count) else { return nil }
      self.init(rawValue: String(decoding: name.map { $0 | 0x20 }, as: UTF8.self))
    }
  }

  /// Begins with nothing.
  package init() {}

  /// The packages of a whole file, in any state; bytes that are not UTF-8 become U+FFFD.
  package static func packages(in bytes: [UInt8]) -> [DpkgPackage] {
    var reader = DpkgStatusReader()
    reader.take(bytes)
    reader.end()
    return reader.packages
  }

  /// Takes the bytes that come next.
  package mutating func take(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: 0x0a) {
      if held.isEmpty {
        line(rest[..<end])
      } else {
        hold(rest[..<end])
        line(held[...])
        held = []
      }
      rest = rest[(end + 1)...]
    }
    hold(rest)
  }

  /// Takes what is left at the end of the file.
  package mutating func end() {
    if !held.isEmpty { line(held[...]) }
    held = []
    line([])
  }

  private mutating func hold(_ bytes: ArraySlice<UInt8>) {
    held += bytes.prefix(Self.lineBytesMax - held.count)
  }

  private mutating func line(_ line: ArraySlice<UInt8>) {
    var line = line
    if hasReturns == nil { hasReturns = line.last == 0x0d }
    if hasReturns == true, line.last == 0x0d { line = line.dropLast() }
    let goesOn = Self.isBlank(line.first)
    if let field { set(field.name, field.value, goesOn: goesOn) }
    field = nil
    if line.isEmpty {
      if !package.name.isEmpty {
        count += 1
        if count <= Self.packagesMax { packages.append(package) }
      }
      package = DpkgPackage()
    } else if !goesOn, let colon = line.firstIndex(of: 0x3a), let name = Field(line[..<colon]) {
      // Further lines of a field begin with a blank; no field that is wanted needs them.
      field = (name, line[(colon + 1)...])
    }
  }

  private mutating func set(_ field: Field, _ value: ArraySlice<UInt8>, goesOn: Bool) {
    var value = value
    while Self.isBlank(value.first) { value = value.dropFirst() }
    // dpkg cuts blanks at the end of the whole field, so that those of a first line stay.
    while !goesOn, Self.isBlank(value.last) { value = value.dropLast() }
    let text = String(decoding: value, as: UTF8.self)
    switch field {
    case .package: package.name = text
    case .version: package.version = text
    case .architecture: package.architecture = text
    case .maintainer: package.maintainer = text
    case .section: package.section = text
    case .source: package.source = text
    case .homepage: package.homepage = text
    case .description: package.summary = text
    case .configVersion: package.configVersion = text
    case .installedTime: package.installedTime = text
    case .status:
      let words = text.split(separator: " ")
      guard words.count == 3 else { return }
      package.want = String(words[0])
      package.flag = String(words[1])
      package.state = DpkgPackage.State(rawValue: String(words[2]))
    }
  }

  private static func isBlank(_ byte: UInt8?) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0d
  }
}
