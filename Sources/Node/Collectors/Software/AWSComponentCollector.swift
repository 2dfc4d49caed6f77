public import Inventory

/// The installed packages that belong to AWS: its agents and command lines.
///
/// The agent of Systems Manager knows its own name, `aws-cfn-bootstrap`, and whatever has
/// `aws-apitools-` or `aws-amitools-` in it; beside these there are more for Linux.
public struct AWSComponentCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:AWSComponent`.
  public var type: TypeName { .awsComponent }

  private static let names: Set<String> = [
    "amazon-cloudwatch-agent", "amazon-efs-utils", "amazon-ssm-agent", "aws-cfn-bootstrap",
    "aws-cli", "aws-kinesis-agent", "aws-nitro-enclaves-cli", "aws-scripts-ses", "aws-vpc-nat",
    "ec2-hibinit-agent", "ec2-instance-connect", "ec2-net-utils", "ec2-utils", "ecs-init",
  ]

  /// One item for each, as in `AWS:Application`; throws where that does.
  public func collect(from machine: Machine) throws -> [Item] {
    try machine.applications().filter { Self.isComponent($0["Name"] ?? "") }
  }

  static func isComponent(_ name: String) -> Bool {
    let name = name.lowercased()
    return names.contains(name) || name.contains("aws-apitools-") || name.contains("aws-amitools-")
  }
}
