import ArgumentParser

/// Which nodes a question about the fleet is about.
struct NodeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Only nodes whose id or host name matches; several: any of them.", valueName: "glob"),
    completion: .nodes)
  var node: [String] = []

  @Option(
    help: ArgumentHelp(
      "Only nodes with this tag: a name, or name=value; several: all of them.", valueName: "tag"))
  var tag: [String] = []

  @Option(
    name: .customLong("where"),
    help: ArgumentHelp(
      "Only nodes whose AWS:InstanceInformation has this attribute: a name, or name=value; several: all of "
        + "them.", valueName: "attribute"))
  var conditions: [String] = []
}
