import Collectors
import Inventory
import JSONTape

/// The parameters of AWS-GatherSoftwareInventory as a plan of what to collect.
///
/// A value is a text, or an array with one, as in an association. Those of Windows and of EC2's billing
/// have no meaning here and are passed over.
enum GatherParameters {
  private static let types: [String: TypeName] = [
    "applications": .application, "networkConfig": .network,
    "instanceDetailedInformation": .instanceDetailedInformation,
  ]
  private static let namedTypes = [
    "awsComponents": "AWS:AWSComponent", "services": "AWS:Service",
  ]
  private static let passedOver: Set<String> = [
    "windowsUpdates", "windowsRoles", "windowsRegistry", "billingInfo", "changeDetectionFrequency",
    "changeDetectionTypes",
  ]

  /// The plan that a JSON object asks for; throws what is wrong with it.
  static func plan(json: String) throws -> CollectionPlan {
    let bytes = Array(json.utf8)
    guard let value = try? JSONValue(parsing: bytes.span.bytes), case .object(let members) = value
    else {
      throw CommandFailure(
        .usage, #"--parameters is a JSON object like {"applications":"Enabled"}"#)
    }
    var plan = CollectionPlan()
    plan.customFiles = nil
    var asked: [TypeName] = []
    var folder: String?
    for member in members {
      let text = member.value.text ?? member.value.texts.first ?? ""
      switch member.name {
      case "files":
        guard !text.isEmpty else { continue }
        do throws(CollectorError) {
          plan.use(FileCollector(rules: try FileRule.rules(json: text)))
        } catch { throw CommandFailure(.usage, "--parameters files: \(error.message)") }
        asked.append(try parseType("AWS:File"))
      case "customInventory":
        if text == "Enabled" { plan.customFiles = CustomFiles() }
      case "customInventoryDirectory": folder = text
      case let name where passedOver.contains(name): continue
      case let name:
        guard let type = try types[name] ?? namedTypes[name].map(parseType) else {
          throw CommandFailure(
            .usage, "--parameters: \"\(name.printable)\" is none of AWS-GatherSoftwareInventory's")
        }
        if text == "Enabled" { asked.append(type) }
      }
    }
    if let folder, !folder.isEmpty {
      plan.customFiles?.folders = [String(folder.drop { $0 == "/" })]
    }
    plan.takesAllCustom = plan.customFiles != nil
    plan.types = asked
    return plan
  }
}
