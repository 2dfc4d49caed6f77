/// Every version of a package that some node has had, numbered from 0, and its item as JSON.
///
/// The JSON is kept with a place for InstalledTime, so that an item is written by one copy of its
/// bytes and twenty more.
public struct VersionCatalogue {
  struct Entry {
    var package: UInt32
    var number: UInt32
    var textStart: Int
    var textLength: UInt32
    var timeOffset: UInt32
  }

  let pool: PackagePool
  private(set) var entries: [Entry] = []
  /// The items as JSON, each with the comma before it.
  private(set) var text: [UInt8] = []
  private var numbers: [[UInt32]]

  /// Stands for no version.
  static let none = UInt32.max

  init(pool: PackagePool) {
    self.pool = pool
    numbers = [[UInt32]](repeating: [], count: pool.packages.count)
  }

  /// How many versions there are so far.
  public var count: Int { entries.count }

  /// The name of a version's package.
  public func name(_ version: UInt32) -> String {
    pool.packages[Int(entries[Int(version)].package)].name
  }

  /// A version as text; empty for none.
  public func text(of version: UInt32) -> String {
    guard version != Self.none else { return "" }
    let entry = entries[Int(version)]
    return pool.version(Int(entry.package), Int(entry.number))
  }

  /// A version's row as other databases take it: name, version, architecture, publisher, type,
  /// source, summary, URL.
  public func fields(_ version: UInt32) -> [String] {
    let package = pool.packages[Int(entries[Int(version)].package)]
    return [
      package.name, text(of: version), package.architecture, package.publisher, package.kind,
      package.source, package.summary, package.url,
    ]
  }

  /// The id of a package's version; makes it where it is new.
  mutating func id(_ package: Int, _ number: Int) -> UInt32 {
    if number < numbers[package].count, numbers[package][number] != Self.none {
      return numbers[package][number]
    }
    while numbers[package].count <= number { numbers[package].append(Self.none) }
    let id = UInt32(entries.count)
    numbers[package][number] = id
    appendEntry(package, number)
    return id
  }

  /// The ids of all versions of a package so far.
  func ids(of package: Int) -> [UInt32] { numbers[package].filter { $0 != Self.none } }

  private mutating func appendEntry(_ package: Int, _ number: Int) {
    let fields = pool.packages[package]
    let head =
      #",{"Name":"\#(fields.name)","Version":"\#(pool.version(package, number))","#
      + #""Architecture":"\#(fields.architecture)","Publisher":"\#(fields.publisher)","#
      + #""ApplicationType":"\#(fields.kind)","InstalledTime":""#
    let tail =
      #"","PackageId":"\#(fields.source)","Summary":"\#(fields.summary)","#
      + #""URL":"\#(fields.url)"}"#
    let start = text.count
    text += Array(head.utf8)
    let timeOffset = text.count - start
    text += [UInt8](repeating: UInt8(ascii: "0"), count: TimeText.byteCount)
    text += Array(tail.utf8)
    entries.append(
      Entry(
        package: UInt32(package), number: UInt32(number), textStart: start,
        textLength: UInt32(text.count - start), timeOffset: UInt32(timeOffset)))
  }
}
