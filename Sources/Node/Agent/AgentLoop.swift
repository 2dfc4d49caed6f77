package import Collectors
import FoundationEssentials
import Inventory
import JSONTape
import PlainText
import Synchronization

/// What an agent does, second by second: pings, asks what to collect and when, collects, and sends.
package struct AgentLoop {
  /// Seconds between two of each; those of amazon-ssm-agent.
  private static let pingSeconds: Int64 = 300
  private static let pollSeconds: Int64 = 600
  /// Seconds without a change after which packages are looked at: a transaction changes many files.
  private static let quietSeconds: Int64 = 3
  /// Seconds after which a server that was away is tried again, and the longest such pause.
  private static let pauses: (first: Int64, longest: Int64) = (2, 300)

  private let node: NodeID
  private let link: AgentLink
  private let machine: @Sendable () -> Machine
  private let state: String
  private let version: String
  private let say: @Sendable (String) -> Void
  private let file: CollectionPlan?
  private let watch: PackageWatch?
  private var queue: AgentQueue
  private var work: AgentWork
  private var nextPing = Instant.distantPast
  private var nextPoll = Instant.distantPast
  private var nextTry = Instant.distantPast
  private var pause = pauses.first
  private var changedAt: Instant?
  private let isCalled = CallFlag()
  /// Whether anything was done since memory was given back.
  private var hasWorked = true

  /// Begins nothing yet.
  ///
  /// Throws ``AgentError`` where it is not registered or its folder cannot be used.
  ///
  /// - Parameters:
  ///   - state: its folder.
  ///   - root: the directory that is the machine's `/`.
  ///   - file: what to collect in place of what the server asks for.
  ///   - version: what it tells the server as its version.
  ///   - say: takes what it has to say, a line each.
  package init(
    _ identity: AgentIdentity, state: String, root: String, file: CollectionPlan?, version: String,
    say: @escaping @Sendable (String) -> Void
  ) throws {
    guard let id = identity.node else {
      throw AgentError(.setup, "not registered yet")
    }
    node = try NodeID(id)
    link = try AgentLink(identity)
    giveBackMemory()
    machine = { Machine(root: root) }
    self.state = state
    self.version = version
    self.say = say
    self.file = file
    watch = PackageWatch(root: root == "/" ? "" : root)
    queue = try AgentQueue(state)
    work = AgentWork.read(state)
  }

  /// Runs until it is told to stop, or until all that is due is done and sent.
  ///
  /// - Parameter isStopped: asked about once a second.
  package mutating func run(once: Bool, isStopped: () -> Bool) async throws {
    let waiting =
      once
      ? nil
      : Task { [link, node, isCalled] in
        await Self.waitForMessages(link, node, isCalled)
      }
    defer { waiting?.cancel() }
    while !isStopped() {
      try await step()
      if once {
        guard queue.files.isEmpty else {
          throw AgentError(.server, "the server is away: reports wait in \(state)/queue")
        }
        return
      }
      if hasWorked { giveBackMemory() }
      hasWorked = false
      try? await Task.sleep(for: .seconds(1))
    }
    _ = try? await ping("Inactive")
  }

  /// What is due now.
  private mutating func step() async throws {
    let now = Instant.now
    if now >= nextTry { await talk(now) }
    if watch?.hasChanged() == true { changedAt = now }
    if let changed = changedAt, now.seconds - changed.seconds >= Self.quietSeconds {
      changedAt = nil
      try await collect(packagesOnly: true)
    }
    if work.isDue(now) {
      work.lastRun = now.seconds
      work.isAsked = false
      try work.write(state)
      await report("InProgress", "")
      try await collect(packagesOnly: false)
      await flush()
      await report("Success", "1 out of 1 plugin processed, 1 success")
    }
    if now >= nextTry, !queue.files.isEmpty { await flush() }
  }

  /// Pings and asks; a server that is away is left alone for a while.
  private mutating func talk(_ now: Instant) async {
    do {
      if now >= nextPing {
        hasWorked = true
        try await ping("Active")
        nextPing = now.advanced(bySeconds: Self.pingSeconds)
      }
      if isCalled.take() || now >= nextPoll {
        hasWorked = true
        try await poll()
        nextPoll = now.advanced(bySeconds: Self.pollSeconds)
      }
      pause = Self.pauses.first
    } catch { backOff(error) }
  }

  private mutating func backOff(_ error: any Error) {
    say("\(error); trying again in \(pause) s")
    nextTry = Instant.now.advanced(bySeconds: pause)
    pause = min(pause * 2, Self.pauses.longest)
  }

  private mutating func flush() async {
    hasWorked = true
    do {
      _ = try await queue.send(link) { say($0) }
    } catch { backOff(error) }
  }

  private func ping(_ status: String) async throws {
    let items = try InstanceInformationCollector().collect(from: machine())
    let item = items.first
    _ = try await link.call(
      "UpdateInstanceInformation",
      [
        .init("InstanceId", .string(node.text)), .init("AgentName", .string("stocktake-agent")),
        .init("AgentStatus", .string(status)), .init("AgentVersion", .string(version)),
        .init("ComputerName", .string(item?["ComputerName"] ?? "")),
        .init("IPAddress", .string(item?["IpAddress"] ?? "")),
        .init("PlatformName", .string(item?["PlatformName"] ?? "")),
        .init("PlatformType", .string(item?["PlatformType"] ?? "Linux")),
        .init("PlatformVersion", .string(item?["PlatformVersion"] ?? "")),
      ])
  }

  /// Asks what to collect and when, and remembers it for when the server is away.
  private mutating func poll() async throws {
    let answer = try await link.call(
      "ListInstanceAssociations", [.init("InstanceId", .string(node.text))])
    work.take(answer["Associations"]?.elements.first)
    try work.write(state)
  }

  /// Tells how a run goes, as far as the server can be reached.
  private func report(_ status: String, _ summary: String) async {
    guard let association = work.association else { return }
    let time = Double(Instant.now.milliseconds) / 1000
    _ = try? await link.call(
      "UpdateInstanceAssociationStatus",
      [
        .init("InstanceId", .string(node.text)), .init("AssociationId", .string(association)),
        .init(
          "ExecutionResult",
          .object([
            .init("Status", .string(status)), .init("ErrorCode", .string("")),
            .init("ExecutionDate", .number(time)), .init("ExecutionSummary", .string(summary)),
          ])),
      ])
  }

  /// Collects into the queue: from here on it is not lost.
  private mutating func collect(packagesOnly: Bool) async throws {
    // What a start and the talk with the server needed is not needed for this.
    giveBackMemory()
    hasWorked = true
    var plan = try file ?? work.plan()
    // The pings say this already.
    plan.excluded.insert(.instanceInformation)
    if packagesOnly {
      let packages: Set<String> = [
        "AWS:Application", "AWS:AWSComponent", "AWS:PatchSummary", "AWS:PatchCompliance",
        "Custom:PackageState",
      ]
      plan.types = (plan.types ?? plan.defaultTypes).filter { packages.contains($0.text) }
      plan.takesAllCustom = false
    }
    plan.types = plan.types?.filter { $0 != .instanceInformation }
    let result = await Collectors.collect(plan, node: node, at: .now, machine: machine())
    for failure in result.failures { say("collect \(failure)") }
    for report in result.reports {
      let dropped = try queue.add(report)
      if dropped > 0 {
        say("\(counted(dropped, "report")) had to go: the queue is full")
      }
    }
    giveBackMemory()
  }

  /// Waits for the word to collect now, again and again.
  private static func waitForMessages(
    _ link: AgentLink, _ node: NodeID, _ isCalled: CallFlag
  ) async {
    var pause: Int64 = pauses.first
    while !Task.isCancelled {
      do {
        let answer = try await link.call(
          "GetMessages",
          [
            .init("Destination", .string(node.text)),
            .init("MessagesRequestId", .string(UUID().uuidString.lowercased())),
            .init("VisibilityTimeoutInSeconds", .integer(10)),
          ], service: .messages)
        for message in answer["Messages"]?.elements ?? [] {
          guard let id = message["MessageId"] else { continue }
          isCalled.set()
          _ = try await link.call(
            "AcknowledgeMessage", [.init("MessageId", id)], service: .messages)
        }
        pause = pauses.first
      } catch {
        try? await Task.sleep(for: .seconds(pause))
        pause = min(pause * 2, pauses.longest)
      }
    }
  }
}

/// Whether somebody asked for a collection since it was last looked at.
final class CallFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  func set() { flag.store(true, ordering: .relaxed) }

  func take() -> Bool { flag.exchange(false, ordering: .relaxed) }
}
