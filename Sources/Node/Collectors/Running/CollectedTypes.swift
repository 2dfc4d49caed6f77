import Inventory

// The types that Systems Manager has no collector for on Linux, and those of our own. How their items
// are matched between two observations stands in TypeDefinition.

extension TypeName {
  static let awsComponent = TypeName(stored: "AWS:AWSComponent")
  static let file = TypeName(stored: "AWS:File")
  static let patchCompliance = TypeName(stored: "AWS:PatchCompliance")
  static let patchSummary = TypeName(stored: "AWS:PatchSummary")
  static let process = TypeName(stored: "AWS:Process")
  static let service = TypeName(stored: "AWS:Service")
  static let authorizedKey = TypeName(stored: "Custom:AuthorizedKey")
  /// What became of each collector.
  static let collectorStatus = TypeName(stored: "Custom:CollectorStatus")
  static let containerImage = TypeName(stored: "Custom:ContainerImage")
  static let cronJob = TypeName(stored: "Custom:CronJob")
  static let group = TypeName(stored: "Custom:Group")
  static let kernelModule = TypeName(stored: "Custom:KernelModule")
  static let listeningPort = TypeName(stored: "Custom:ListeningPort")
  static let kernel = TypeName(stored: "Custom:RunningKernel")
  static let mount = TypeName(stored: "Custom:Mount")
  static let nodePackage = TypeName(stored: "Custom:NodePackage")
  static let outdatedService = TypeName(stored: "Custom:OutdatedService")
  static let packageState = TypeName(stored: "Custom:PackageState")
  static let pythonPackage = TypeName(stored: "Custom:PythonPackage")
  static let rubyGem = TypeName(stored: "Custom:RubyGem")
  static let user = TypeName(stored: "Custom:User")
}
