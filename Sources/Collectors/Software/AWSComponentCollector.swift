public import Inventory

/// The installed packages that belong to AWS: its agents and command lines.
///
/// The agent of Systems Manager has a list of its own names, most of them of Windows; this one has those
/// that there are for Linux.
public struct AWSComponentCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `AWS:AWSComponent`.
  public var type: TypeName { .awsComponent }

  private static let names: Set<String> = [
    "amazon-cloudwatch-agent", "amazon-efs-utils", "amazon-ssm-agent", "aws-amitools-ec2",
    "aws-apitools-as", "aws-apitools-common", "aws-apitools-ec2", "aws-apitools-elb",
    "aws-apitools-iam", "aws-apitools-mon", "aws-cfn-bootstrap", "aws-cli", "aws-kinesis-agent",
    "aws-nitro-enclaves-cli", "aws-scripts-ses", "aws-vpc-nat", "ec2-hibinit-agent",
    "ec2-instance-connect", "ec2-net-utils", "ec2-utils", "ecs-init",
  ]

  /// One item for each, as in `AWS:Application`; throws where that does.
  public func collect(from machine: Machine) throws -> [Item] {
    try machine.applications().filter {
      Self.names.contains($0["Name"] ?? "")
    }
  }
}
