import ArgumentParser
import Foundation

/// Many nodes with an agent, as a server sees them: their calls, in their order and at their pace.
///
/// Time can be compressed, so that a day of a fleet takes minutes. It talks to the loopback alone.
@main
struct NodeHerd: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node-herd", abstract: "Simulate nodes with an agent against a server.",
    subcommands: [Join.self, Run.self])
}

/// What both commands need.
struct HerdOptions: ParsableArguments {
  @Option(help: "The server's port on the loopback.")
  var port: Int

  @Option(help: "A file of keys, as herd_keys.py makes it.")
  var keys: String

  @Option(help: "Where the nodes are kept between commands.")
  var state: String

  @Option(help: "The number of nodes.")
  var nodes = 1000

  @Option(help: "The number of the first of them, where several simulations share a fleet.")
  var first = 0

  @Option(help: "The Region of the activations.")
  var region = "us-east-1"
}

/// Registers nodes and has each report once.
struct Join: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Register nodes, get their credentials, ping and report everything once.")

  @OptionGroup var options: HerdOptions

  @Option(help: "A file of activations: id, blank, code, one a line; 1,000 nodes each.")
  var activations: String

  @Option(help: "Nodes that do this at the same time.")
  var parallel = 32

  @Option(help: "Packages on a node.")
  var packages = 500

  func run() throws {
    let activations = try String(contentsOfFile: activations, encoding: .utf8)
      .split(separator: "\n").map { line in
        let parts = line.split(separator: " ").map(String.init)
        return (id: parts[0], code: parts[1])
      }
    let herd = try Herd(options, speed: 1)
    let result = try herd.join(activations, parallel: parallel, packages: packages)
    try herd.nodes.save(to: options.state)
    print(result)
  }
}

/// Lets the nodes that joined live for a while.
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let nodes that joined ping, poll, collect and wait for messages for a while.")

  @OptionGroup var options: HerdOptions

  @Option(help: "How many seconds of the nodes' time pass in one.")
  var speed = 1.0

  @Option(help: "Seconds that count, of ours.")
  var seconds = 60.0

  @Option(help: "Seconds before that, for all nodes to be connected.")
  var ramp = 20.0

  @Option(help: "Seconds between a node's pings.")
  var ping = 300.0

  @Option(help: "Seconds between a node's questions what it is to do.")
  var poll = 600.0

  @Option(help: "Seconds between a node's collections.")
  var collect = 43_200.0

  @Option(help: "Seconds between a node's renewals of its credentials.")
  var renew = 1800.0

  @Option(help: "Of a hundred collections, those with changes.")
  var changed = 1.0

  @Flag(inversion: .prefixedNo, help: "Wait for messages.")
  var messages = true

  @Flag(help: "All nodes begin at once, as after an outage, and try again as an agent does.")
  var stampede = false

  @Option(help: "Packages on a node, as when it joined.")
  var packages = 500

  func run() throws {
    let herd = try Herd(options, speed: speed)
    let life = HerdLife(
      ping: ping, poll: poll, collect: collect, renew: renew, changed: changed / 100,
      messages: messages, isStampede: stampede, packages: packages)
    print(try herd.live(life, ramp: ramp, seconds: seconds))
  }
}
