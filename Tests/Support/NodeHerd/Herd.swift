import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// What nodes do, and how often, in seconds of their own time.
struct HerdLife {
  var ping: Double
  var poll: Double
  var collect: Double
  var renew: Double
  /// The part of collections that changed something.
  var changed: Double
  var messages: Bool
  var isStampede: Bool
  var packages: Int
}

/// Nodes on one event loop, and the figures of their calls.
///
/// Everything is touched on the loop only, but for the beginning and the end.
final class Herd {
  let options: HerdOptions
  let speed: Double
  let nodes: HerdNodes
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private(set) var figures: [String: HerdFigures] = [:]
  private(set) var isCounting = false
  var host: String { "127.0.0.1:\(options.port)" }
  var loop: any EventLoop { group.next() }

  /// Seconds after which a connection that does nothing is closed, as by the agent's SDK.
  private static let idleSeconds = 90.0
  private static let addresses = 8

  init(_ options: HerdOptions, speed: Double) throws {
    self.options = options
    self.speed = speed
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    nodes = try HerdNodes(keys: options.keys, first: options.first, count: options.nodes)
    if FileManager.default.fileExists(atPath: options.state) { try nodes.load(from: options.state) }
  }

  /// When the last node had its first ping answered, and how many had.
  private var back = (count: 0, time: 0.0)
  private let begun = HerdClock.now

  private func noteBack(_ node: HerdNode) {
    guard !node.isBack else { return }
    node.isBack = true
    back = (back.count + 1, HerdClock.now - begun)
  }

  /// How long it took for all to be heard.
  var returnLine: String {
    String(
      format: "%d of %d nodes were back after %.1f s", back.count, nodes.nodes.count, back.time)
  }

  func count(_ isCounting: Bool) {
    self.isCounting = isCounting
    if isCounting { figures = [:] }
  }

  /// The table of all calls.
  func table(_ seconds: Double) -> String {
    let rows = figures.sorted { $0.key < $1.key }
    let all = rows.filter { $0.key != "GetMessages" }.reduce(0) { $0 + $1.value.seconds.count }
    return
      (["call\tcount\tp50 ms\tp99 ms\tmax ms\terrors"] + rows.map { $1.line($0) }
      + [
        String(format: "%.0f calls a second without questions for messages", Double(all) / seconds)
      ])
      .joined(separator: "\n")
  }

  func noteQuestion(_ answer: HerdAnswer) {
    if isCounting { figures["GetMessages", default: HerdFigures()].note(answer) }
  }

  // MARK: Calls

  /// Sends a request over the node's connection, which is opened where it is not.
  func send(
    _ node: HerdNode, _ name: String, _ head: HTTPRequestHead, _ body: ByteBuffer,
    _ completion: @escaping (HerdAnswer) -> Void
  ) {
    let done: (HerdAnswer) -> Void = { [self] answer in
      if isCounting { figures[name, default: HerdFigures()].note(answer) }
      if name == "UpdateInstanceInformation", answer.error == nil { noteBack(node) }
      completion(answer)
    }
    if let link = node.link, link.isFree, HerdClock.now - link.lastUse < Self.idleSeconds / speed {
      return link.send(head, body, done)
    }
    node.link?.retire()
    node.link = nil
    connect(node) { link in
      node.link?.retire()
      node.link = link
      link.send(head, body, done)
    }
  }

  func connect(_ node: HerdNode, _ then: @escaping (HerdLink) -> Void) {
    let link = HerdLink()
    // Several addresses of the loopback, for one has too few ports for what has just been closed.
    let own = "127.0.0.\(2 + node.number % Self.addresses)"
    guard let source = try? SocketAddress(ipAddress: own, port: 0) else { return }
    ClientBootstrap(group: loop)
      .bind(to: source)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(link)
        }
      }
      .connect(host: "127.0.0.1", port: options.port)
      .whenComplete { result in
        link.channel = try? result.get()
        then(link)
      }
  }

  /// An operation of Systems Manager by the node's temporary credentials.
  func call(
    _ node: HerdNode, _ operation: String, _ body: String,
    _ completion: @escaping (HerdAnswer) -> Void = { _ in }
  ) {
    do {
      let head = try node.signed(
        operation, body, host: host, region: options.region, service: "ssm")
      send(node, operation, head, ByteBuffer(string: body), completion)
    } catch { fatalError("\(error)") }
  }

  /// Asks for credentials.
  func renew(_ node: HerdNode, _ completion: @escaping (HerdAnswer) -> Void = { _ in }) {
    struct Answer: Decodable {
      var AccessKeyId: String
      var SecretAccessKey: String
      var SessionToken: String
    }
    let body = "{\"Fingerprint\":\"\(node.fingerprint)\"}"
    let operation = "RequestManagedInstanceRoleToken"
    do {
      let head = try node.proven(operation, body, host: host, region: options.region)
      send(node, operation, head, ByteBuffer(string: body)) { answer in
        let data = Data(answer.body.readableBytesView)
        if let said = try? JSONDecoder().decode(Answer.self, from: data) {
          node.credentials = .init(
            keyID: said.AccessKeyId, secret: said.SecretAccessKey, token: said.SessionToken)
          node.question = nil
        }
        completion(answer)
      }
    } catch { fatalError("\(error)") }
  }

  func ping(_ node: HerdNode, _ completion: @escaping (HerdAnswer) -> Void = { _ in }) {
    call(
      node, "UpdateInstanceInformation",
      "{\"AgentName\":\"amazon-ssm-agent\",\"AgentStatus\":\"Active\",\"AgentVersion\":\"3.3.0.0\","
        + "\"AvailabilityZone\":\"\",\"AvailabilityZoneId\":\"\",\"ComputerName\":\"node-\(node.number)\","
        + "\"IPAddress\":\"10.1.2.3\",\"InstanceId\":\"\(node.id)\",\"PlatformName\":\"Debian\","
        + "\"PlatformType\":\"Linux\",\"PlatformVersion\":\"12\",\"SSMConnectionChannel\":\"ec2messages\"}",
      completion)
  }

  func put(
    _ node: HerdNode, packages: Int, isWhole: Bool,
    _ completion: @escaping (HerdAnswer) -> Void = { _ in }
  ) {
    call(
      node, "PutInventory", HerdReport.body(node, packages: packages, isWhole: isWhole), completion)
  }

  // MARK: Joining

  /// Registers all nodes, a few at a time; tells what it took.
  func join(
    _ activations: [(id: String, code: String)], parallel: Int, packages: Int
  ) throws -> String {
    let done = loop.makePromise(of: Void.self)
    let begun = HerdClock.now
    var next = 0
    var running = 0
    func start() {
      while running < parallel, next < nodes.nodes.count {
        let node = nodes.nodes[next]
        let activation = activations[next / 1000]
        next += 1
        running += 1
        join(node, activation, packages) {
          node.link?.close()
          running -= 1
          start()
        }
      }
      if running == 0, next == nodes.nodes.count { done.succeed() }
    }
    loop.execute { [self] in
      count(true)
      start()
    }
    try done.futureResult.wait()
    return table(HerdClock.now - begun)
  }

  private func join(
    _ node: HerdNode, _ activation: (id: String, code: String), _ packages: Int,
    _ completion: @escaping () -> Void
  ) {
    struct Answer: Decodable { var InstanceId: String }
    let body =
      "{\"ActivationId\":\"\(activation.id)\",\"ActivationCode\":\"\(activation.code)\","
      + "\"Fingerprint\":\"\(node.fingerprint)\",\"PublicKey\":\"\(node.publicKey)\","
      + "\"PublicKeyType\":\"Rsa\"}"
    let operation = "RegisterManagedInstance"
    send(
      node, operation, HerdNode.plain(operation, body, host: host), ByteBuffer(string: body)
    ) { [self] answer in
      let data = Data(answer.body.readableBytesView)
      guard let said = try? JSONDecoder().decode(Answer.self, from: data) else {
        fatalError("node \(node.number) did not register: \(answer)")
      }
      node.id = said.InstanceId
      renew(node) { [self] _ in
        ping(node) { [self] _ in
          put(node, packages: packages, isWhole: true) { _ in completion() }
        }
      }
    }
  }
}
