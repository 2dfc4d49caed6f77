import AWSProtocol
import SystemsManager

// The patterns of the public model for associations and documents; see TextForm+Model.

extension TextForm {
  static let looseUUID = TextForm(
    pattern: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
  ) { uuid.matches($0.lowercased()) }

  static let documentName = TextForm(pattern: #"^[a-zA-Z0-9_\-.:/]{3,128}$"#) {
    isOf($0, 3...128, "_-.:/")
  }

  static let associationName = TextForm(pattern: #"^[a-zA-Z0-9_\-.]{3,128}$"#) {
    isOf($0, 3...128, "_-.")
  }

  static let versionName = TextForm(pattern: #"^[a-zA-Z0-9_\-.]{1,128}$"#) {
    isOf($0, 1...128, "_-.")
  }

  static let documentVersion = TextForm(pattern: "([$]LATEST|[$]DEFAULT|^[1-9][0-9]*$)") {
    $0 == "$LATEST" || $0 == "$DEFAULT" || isCount($0)
  }

  static let associationVersion = TextForm(pattern: "([$]LATEST)|([1-9][0-9]*)") {
    $0 == "$LATEST" || isCount($0)
  }

  /// A number, or a share in percent.
  static let amount = TextForm(pattern: "^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$") { text in
    let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
    guard digits == "0" || isCount(digits) else { return false }
    return digits.count == text.count || (Int(digits).map { $0 <= 100 } ?? false)
  }

  private static func isCount(_ text: String) -> Bool {
    text.utf8.allSatisfy { (0x30...0x39).contains($0) } && text.first != "0" && !text.isEmpty
  }

  private static func isOf(_ text: String, _ length: ClosedRange<Int>, _ signs: String) -> Bool {
    length.contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: signs.utf8.contains(byte)
        }
      }
  }
}
