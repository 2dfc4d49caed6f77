/// The forms in which files are packed that ``UnpackingReader`` unpacks.
package enum PackedForm: String, CaseIterable, Sendable {
  case gzip
  case xz
  case zstandard = "Zstandard"
  case bzip2

  /// How many bytes tell any form; fewer tell one only where there are no more.
  static let headBytes = 6

  /// The form of what begins so; nil where it is not packed.
  package init?(beginning head: some Collection<UInt8>) {
    let head = Array(head.prefix(Self.headBytes))
    if head.starts(with: [0x1f, 0x8b]) {
      self = .gzip
    } else if head.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
      self = .xz
    } else if head.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || Self.isSkippable(head) {
      self = .zstandard
    } else if Self.isBZip2(head) {
      self = .bzip2
    } else if let form = Self.form(cut: head) {
      self = form
    } else {
      return nil
    }
  }

  /// The form that a name ends with, as its program names files; nil where it names none.
  package init?(nameEnding name: String) {
    for (ending, form) in Self.endings where name.hasSuffix(ending) {
      self = form
      return
    }
    return nil
  }

  private static let endings: [(String, PackedForm)] = [
    (".gz", .gzip), (".xz", .xz), (".zst", .zstandard), (".bz2", .bzip2),
  ]

  /// A frame of Zstandard that holds something else, with which some writers begin.
  private static func isSkippable(_ head: [UInt8]) -> Bool {
    head.count >= 4 && (0x50...0x5f).contains(head[0])
      && head[1...].starts(with: [0x2a, 0x4d, 0x18])
  }

  /// `BZh`, a digit, and the beginning of the mark of a block or of the end; a text can begin with less.
  private static func isBZip2(_ head: [UInt8]) -> Bool {
    head.count >= 5 && head.starts(with: Array("BZh".utf8)) && (0x31...0x39).contains(head[3])
      && (head[4] == 0x31 || head[4] == 0x17)
  }

  /// The form of a file that is no more than the beginning of a form's own mark, as far as no text
  /// begins so.
  private static func form(cut head: [UInt8]) -> PackedForm? {
    if head == [0x1f] { return .gzip }
    if !head.isEmpty, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00].starts(with: head) { return .xz }
    if head.count >= 2, [0x28, 0xb5, 0x2f, 0xfd].starts(with: head) { return .zstandard }
    return nil
  }

  /// What unpacks one stream of the form.
  func makeCodec() -> any Codec {
    switch self {
    case .gzip: GzipCodec()
    case .xz: XZCodec()
    case .zstandard: ZstandardCodec()
    case .bzip2: BZip2Codec()
    }
  }
}
