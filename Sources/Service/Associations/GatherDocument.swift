import AWSProtocol
import Crypto
import HistoryStore
import Inventory
import JSONTape
import SystemsManager
import PlainText

/// The document by which nodes collect.
///
/// There is this one: associations do nothing else here.
///
/// Schema 2.0 with one step, which the agent runs through an association alone. Names and values of
/// parameters are those of AWS, since associations are written with them; the text is ours.
enum GatherDocument {
  static let name = "AWS-GatherSoftwareInventory"
  static let version = "1"
  /// When this version was written: 2026-11-24.
  static let created = Instant(seconds: 1_795_478_400)
  static let description = "Collects what is on a node, and reports it."

  /// What a parameter takes.
  ///
  /// The agent reads all into texts but for words, which its detector of changes wants as a list.
  enum Kind { case onOff, json, number, text, words }

  struct Parameter {
    var name: String
    var description: String
    var standard: String
    var kind: Kind = .onOff

    /// Its type as documents name it.
    var type: String { kind == .words ? "StringList" : "String" }
  }

  static let parameters = [
    Parameter(name: "applications", description: "Installed applications.", standard: "Enabled"),
    Parameter(name: "awsComponents", description: "Components of AWS.", standard: "Enabled"),
    Parameter(
      name: "files", description: "Files: a JSON list of Path, Pattern, Recursive, DirScanLimit.",
      standard: "", kind: .json),
    Parameter(name: "networkConfig", description: "Network interfaces.", standard: "Enabled"),
    Parameter(name: "windowsUpdates", description: "Windows updates.", standard: "Enabled"),
    Parameter(
      name: "instanceDetailedInformation", description: "Processor, kernel and the like.",
      standard: "Enabled"),
    Parameter(name: "services", description: "Services.", standard: "Enabled"),
    Parameter(
      name: "windowsRegistry", description: "Keys: a JSON list of Path, Recursive, ValueNames.",
      standard: "", kind: .json),
    Parameter(name: "windowsRoles", description: "Windows roles.", standard: "Enabled"),
    Parameter(name: "customInventory", description: "Custom types.", standard: "Enabled"),
    Parameter(name: "billingInfo", description: "Billing codes.", standard: "Enabled"),
    Parameter(
      name: "customInventoryDirectory", description: "Where the files of custom types are.",
      standard: "", kind: .text),
    Parameter(
      name: "changeDetectionFrequency",
      description: "How often between two runs changes alone are looked for.", standard: "",
      kind: .number),
    Parameter(
      name: "changeDetectionTypes", description: "What changes are looked for.", standard: "",
      kind: .words),
  ]

  /// Whether a name, alone or at the end of an ARN, is this document's.
  static func isNamed(_ text: String) -> Bool {
    text == name || (text.hasPrefix("arn:") && text.hasSuffix("/" + name))
  }

  static func checkVersion(_ text: String?) throws(AWSError) {
    guard let text, ![version, "$LATEST", "$DEFAULT"].contains(text) else { return }
    throw AWSError(
      "InvalidDocumentVersion", "\(name) has the version \(version) alone, not '\(text)'.")
  }

  /// Holds an association's parameters to the document.
  static func check(_ values: JSONValue?) throws(AWSError) {
    for member in values?.members ?? [] {
      guard let parameter = parameters.first(where: { $0.name == member.name }) else {
        throw AWSError(
          "InvalidParameters",
          "\(name) has no parameter '\(member.name)'; it has "
            + parameters.map(\.name).joined(separator: ", ") + ".")
      }
      let texts = member.value.texts
      let isRight =
        switch parameter.kind {
        case .onOff: texts.count == 1 && ["Enabled", "Disabled", ""].contains(texts[0])
        case .json: texts.count == 1 && (texts[0].isEmpty || isList(texts[0]))
        case .number: texts.count == 1 && (texts[0].isEmpty || Int(texts[0]).map { $0 > 0 } == true)
        case .text: texts.count == 1
        case .words: true
        }
      guard isRight else {
        throw AWSError(
          "InvalidParameters",
          "The parameter '\(member.name)' cannot be \(member.value.compact): "
            + "\(parameter.description)")
      }
    }
  }

  private static func isList(_ text: String) -> Bool {
    guard case .array = try? JSONValue(parsing: Array(text.utf8)) else { return false }
    return true
  }

  /// The document itself, as the agent reads it.
  static let content: String = {
    let declared = parameters.map { parameter in
      JSONValue.Member(
        parameter.name,
        .object([
          .init("type", .string(parameter.type)),
          .init("description", .string(parameter.description)),
          .init(
            "default",
            parameter.kind == .words ? .array([]) : .string(parameter.standard)),
        ]))
    }
    let inputs = parameters.map { parameter in
      JSONValue.Member(parameter.name, .string("{{ \(parameter.name) }}"))
    }
    return JSONValue.object([
      .init("schemaVersion", .string("2.0")), .init("description", .string(description)),
      .init("parameters", .object(declared)),
      .init(
        "mainSteps",
        .array([
          .object([
            .init("action", .string("aws:softwareInventory")),
            .init("name", .string("collectSoftwareInventoryItems")),
            .init("inputs", .object(inputs)),
          ])
        ])),
    ]).compact
  }()

  static let hash = Hex.text(SHA256.hash(data: Array(content.utf8)))
}

extension Associations {
  func document(_ request: AWSRequest) throws(AWSError) {
    guard GatherDocument.isNamed(request.text("Name") ?? "") else {
      throw AWSError(
        "InvalidDocument",
        "There is no document '\(request.text("Name") ?? "")': \(GatherDocument.name) is the only one."
      )
    }
    try GatherDocument.checkVersion(request.text("DocumentVersion"))
  }

  static let documentSummary: [JSONValue.Member] = [
    .init("Name", .string(GatherDocument.name)), .init("Owner", .string("Amazon")),
    .init("CreatedDate", .timestamp(GatherDocument.created)),
    .init("PlatformTypes", .array(["Windows", "Linux", "MacOS"].map { .string($0) })),
    .init("DocumentVersion", .string(GatherDocument.version)),
    .init("DocumentType", .string("Command")), .init("SchemaVersion", .string("2.0")),
    .init("DocumentFormat", .string("JSON")),
  ]
}
