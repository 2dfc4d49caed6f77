package import AWSProtocol
import Inventory

// The patterns of the public model. Each is a fixed sequence of character classes, so it is checked
// by looking at the characters; a regular expression would have to be guarded against its own cost.
extension TextForm {
  /// A node: an EC2 instance, or a managed one.
  package static let instanceID = TextForm(pattern: #"(^i-(\w{8}|\w{17})$)|(^mi-\w{17}$)"#) {
    isInstanceID($0)
  }

  static func isInstanceID(_ text: String) -> Bool {
    var rest = Array(text.utf8)[...]
    let isManaged = rest.first == UInt8(ascii: "m")
    if isManaged { rest = rest.dropFirst() }
    guard rest.starts(with: "i-".utf8) else { return false }
    rest = rest.dropFirst(2)
    return (rest.count == 17 || (rest.count == 8 && !isManaged)) && rest.allSatisfy(isWord)
  }

  static let typeName = TextForm(pattern: "^(AWS|Custom):.*$") {
    ($0.hasPrefix("AWS:") || $0.hasPrefix("Custom:")) && !$0.contains(where: \.isNewline)
  }

  /// As the model has it.
  package static let uuid = TextForm(
    pattern: "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"
  ) { text in
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(isHex) }
  }

  /// Letters, blanks and digits of any script, and some signs.
  package static let tagText = TextForm(
    pattern: #"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"#, matches: Tags.isTagText)

  static let complianceType = TextForm(
    pattern: #"[A-Za-z0-9_\-]\w+|Custom:[a-zA-Z0-9_\-]\w+"#
  ) { text in
    var rest = Array(text.utf8)[...]
    if rest.starts(with: "Custom:".utf8) { rest = rest.dropFirst(7) }
    guard let first = rest.first, rest.count >= 2 else { return false }
    return (isWord(first) || first == UInt8(ascii: "-")) && rest.dropFirst().allSatisfy(isWord)
  }

  /// Anything on one line.
  static let oneLine = TextForm(pattern: "^.{1,100000}$") { text in
    !text.isEmpty && !text.contains(where: \.isNewline)
  }

  /// An ARN.
  static let arn = TextForm(pattern: "arn:.*") {
    $0.hasPrefix("arn:") && !$0.contains(where: \.isNewline)
  }

  static let managedInstanceID = TextForm(
    pattern: #"(^mi-[0-9a-f]{17}$)|(^eks_c:[0-9A-Za-z][A-Za-z0-9\-_]{0,99}_\w{17}$)"#
  ) { isInstanceID($0) || $0.hasPrefix("eks_c:") }

  /// As the model has it.
  package static let notBlank = TextForm(pattern: #"^(?!\s*$).+"#) {
    $0.first?.isNewline == false && $0.contains { !$0.isWhitespace }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}
