import Inventory
import JSONTape

/// The parameters of AWS-GatherSoftwareInventory as a plan of what to collect.
///
/// A value is a text, or an array with one, as in an association. Those of Windows and of EC2's billing
/// have no meaning here and are passed over.
package enum GatherParameters {
  private static let types: [String: TypeName] = [
    "applications": .application, "networkConfig": .network,
    "instanceDetailedInformation": .instanceDetailedInformation, "awsComponents": .awsComponent,
    "services": .service,
  ]
  private static let passedOver: Set<String> = [
    "windowsUpdates", "windowsRoles", "windowsRegistry", "billingInfo", "changeDetectionFrequency",
    "changeDetectionTypes",
  ]

  /// The plan that a JSON object asks for; throws what is wrong with it, a sentence that begins with
  /// `parameters`.
  package static func plan(json: String) throws(CollectorError) -> CollectionPlan {
    let bytes = Array(json.utf8)
    guard let value = try? JSONValue(parsing: bytes), case .object(let members) = value
    else {
      throw CollectorError(#"parameters is a JSON object like {"applications":"Enabled"}"#)
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
        } catch { throw CollectorError("parameters files: \(error.message)") }
        asked.append(.file)
      case "customInventory":
        if text == "Enabled" { plan.customFiles = CustomFiles() }
      case "customInventoryDirectory": folder = text
      case let name where passedOver.contains(name): continue
      case let name:
        guard let type = types[name] else {
          throw CollectorError(
            "parameters: \"\(name.printable)\" is none of AWS-GatherSoftwareInventory's")
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
