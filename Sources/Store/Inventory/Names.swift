/// The account and Region that a node and its types belong to; a name space that nothing crosses.
public struct Scope: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Twelve digits.
  public let account: String
  /// A Region's name, or `local`.
  public let region: String

  /// Takes an account of 12 digits and a Region of 1 to 64 of `a-z0-9-`; else throws.
  public init(account: String, region: String) throws(ReportError) {
    guard account.utf8.count == 12, account.utf8.allSatisfy({ (48...57).contains($0) }) else {
      throw ReportError(.invalidScope, "an account has 12 digits, not \"\(account)\"")
    }
    guard (1...64).contains(region.utf8.count),
      region.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) || $0 == 45 })
    else {
      throw ReportError(
        .invalidScope, "a Region has 1 to 64 lower-case letters, digits and -, not \"\(region)\"")
    }
    self.account = account
    self.region = region
  }

  private init(uncheckedAccount account: String, region: String) {
    self.account = account
    self.region = region
  }

  /// Account `000000000000`, Region `local`: the scope of programs that name none.
  public static let local = Scope(uncheckedAccount: "000000000000", region: "local")

  /// Account `000000000000`, Region `us-east-1`: that of the server and the command line where none is named.
  ///
  /// A Region of AWS, for some clients (Terraform) refuse any other.
  public static let standard = Scope(uncheckedAccount: "000000000000", region: "us-east-1")

  /// `account/region`.
  public var description: String { "\(account)/\(region)" }

  /// Orders by account, then Region.
  public static func < (a: Self, b: Self) -> Bool {
    (a.account, a.region) < (b.account, b.region)
  }
}

/// The id under which a node reports, such as `i-0123456789abcdef0` or a machine id.
public struct NodeID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The text.
  public let text: String

  /// Takes 1 to `ReportLimits.nodeIDBytesMax` visible ASCII characters; else throws.
  public init(_ text: String, limits: ReportLimits = .default) throws(ReportError) {
    guard (1...limits.nodeIDBytesMax).contains(text.utf8.count) else {
      throw ReportError(
        .invalidNodeID,
        "a node id has 1 to \(limits.nodeIDBytesMax) characters, this one \(text.utf8.count)")
    }
    guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw ReportError(
        .invalidNodeID, "a node id has visible ASCII characters only, not \"\(text.printable)\"")
    }
    self.text = text
  }

  package init(stored text: String) { self.text = text }

  /// The text.
  public var description: String { text }

  /// Orders by bytes.
  public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// The name of an inventory type: `AWS:Application`, `Custom:RackInfo`.
public struct TypeName: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The text.
  public let text: String

  /// Takes a built-in `AWS:` type or any `Custom:` name of at most 100 characters; else throws.
  ///
  /// Source: InventoryItemTypeName, 1 to 100 characters, `^(AWS|Custom):.*$`.
  public init(_ text: String) throws(ReportError) {
    let count = text.unicodeScalars.count
    guard count <= ReportLimits.typeNameLengthMax else {
      throw ReportError(
        .invalidTypeName,
        "a type name has at most \(ReportLimits.typeNameLengthMax) characters, this one \(count)")
    }
    if text.hasPrefix("Custom:") {
      guard count > 7, text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
      else {
        throw ReportError(.invalidTypeName, "\"\(text.printable)\" lacks a name after Custom:")
      }
    } else if TypeDefinition.builtIn[text] == nil {
      throw ReportError(
        .invalidTypeName,
        "\"\(text.printable)\" is no type of Systems Manager; your own begin with Custom:")
    }
    self.text = text
  }

  package init(stored text: String) { self.text = text }

  /// The text.
  public var description: String { text }

  /// Orders as strings do; names in ASCII by their bytes.
  public static func < (a: Self, b: Self) -> Bool { a.text < b.text }

  /// Installed software.
  public static let application = TypeName(stored: "AWS:Application")
  /// What the node says of itself: name, address, platform.
  public static let instanceInformation = TypeName(stored: "AWS:InstanceInformation")
  /// Processor and kernel.
  public static let instanceDetailedInformation =
    TypeName(stored: "AWS:InstanceDetailedInformation")
  /// Network interfaces.
  public static let network = TypeName(stored: "AWS:Network")
  /// The sources that installed packages were built from; ours.
  package static let packageSource = TypeName(stored: "Custom:PackageSource")
  /// Whose archives installed packages are from; ours.
  package static let packageOrigin = TypeName(stored: "Custom:PackageOrigin")
}

extension String {
  /// The text with control characters replaced, cut to 80 characters: fit for an error message.
  package var printable: String {
    var out = ""
    for scalar in unicodeScalars.prefix(80) {
      out.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7f ? "\u{fffd}" : scalar)
    }
    return unicodeScalars.count > 80 ? out + "…" : out
  }
}
