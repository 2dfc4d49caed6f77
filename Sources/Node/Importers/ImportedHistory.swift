public import Inventory
internal import XML

/// What a source tells of the past.
public struct ImportedHistory: Sendable {
  /// Observations in the order of their valid times; each report has the origin `.imported`.
  ///
  /// No two entries of one type have the same valid time.
  public var reports: ImportedReports
  /// The first instant of which the source tells; nil where it tells nothing.
  public var knownFrom: Instant?
  /// What could not be read or makes no sense, one sentence each with the file and the line.
  ///
  /// At most ``ImportLimits/warnings``; the last then says how many are left out.
  public var warnings: [String]
  /// Why a file is left out: it cannot be read, is none of its kind, or is of an impossible time.
  ///
  /// One sentence each with the file. What the other files say is in ``reports``.
  public var failures: [String] = []
  /// How many records (lines, files, rows) were read, whether or not they made sense.
  public var recordsRead: Int
}

/// Reports that are made one by one while iterating, as often as one likes.
public struct ImportedReports: Sequence, Sendable {
  private let source: @Sendable () -> AnyIterator<Report>

  init<S: Sequence & Sendable>(_ reports: S) where S.Element == Report {
    source = { AnyIterator(reports.makeIterator()) }
  }

  init(makingIterator source: @escaping @Sendable () -> AnyIterator<Report>) {
    self.source = source
  }

  /// An iterator at the first report.
  public func makeIterator() -> AnyIterator<Report> { source() }

  /// Two sequences of reports in the order of time, each of which is in that order.
  static func merging(_ a: ImportedReports, _ b: ImportedReports) -> ImportedReports {
    ImportedReports {
      let (left, right) = (a.makeIterator(), b.makeIterator())
      var (first, second) = (left.next(), right.next())
      return AnyIterator {
        func time(_ report: Report) -> Instant { report.entries.first?.captureTime ?? .distantPast }
        if let report = first, second.map({ time(report) <= time($0) }) ?? true {
          first = left.next()
          return report
        }
        defer { second = right.next() }
        return second
      }
    }
  }
}

/// The limits of what importers read and say.
public enum ImportLimits {
  /// Warnings of one history, the last included that counts the others.
  public static let warnings = 100
  /// Bytes of one file after unpacking; a larger one is an error.
  public static let fileBytes = 1 << 30
  /// Bytes of one JSON or XML document, which is held in memory.
  public static let documentBytes = 256 << 20
  /// Bytes of one line of JSON; a longer one is a warning.
  public static let lineBytes = 32 << 20
  /// Elements inside each other, and bytes of a text or a tag of an XML document.
  static let xml = XMLLimits()
  /// Files in one folder with all folders below it; more are an error.
  public static let files = 1_000_000
  /// Folders inside each other.
  public static let depth = 16
  /// Items of one type at one time; a state with more is left out with a warning.
  public static let items = 10_000
  /// Transactions of apt or dnf that are kept; older ones drop out.
  public static let transactions = 1_000
}

/// Collects warnings up to the limit and counts the rest.
struct Warnings: Sendable {
  private var first: [String] = []
  private var count = 0

  mutating func add(_ warning: @autoclosure () -> String) {
    count += 1
    if first.count < ImportLimits.warnings { first.append(warning()) }
  }

  /// The sentences, the last of them a count where there were too many.
  var sentences: [String] {
    guard count > ImportLimits.warnings else { return first }
    let shown = first.prefix(ImportLimits.warnings - 1)
    return shown + ["\(count - shown.count) further warnings are left out"]
  }
}

/// Counts places and remembers the first of them.
struct Tally: Sendable {
  /// Places that are named one by one; the rest is counted.
  private static let namedMax = 10
  private(set) var count = 0
  private var places: [String] = []

  mutating func add(_ place: @autoclosure () -> String) {
    count += 1
    if places.count < Self.namedMax { places.append(place()) }
  }

  /// `3: a line 1, a line 7, b line 2`; nil where there is none.
  var text: String? {
    count == 0
      ? nil : "\(count): \(places.joined(separator: ", "))" + (count > places.count ? ", …" : "")
  }
}
