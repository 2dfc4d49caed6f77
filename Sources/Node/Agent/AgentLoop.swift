import AWSProtocol
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
  /// Why the server could not be reached when it was last tried.
  private var absence: String?
  /// What failed last, for who runs it once.
  private var complaint: String?
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
  /// Throws ``AgentError`` where it is to end once and something of it failed or waits.
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
      if once { return try end() }
      if hasWorked { giveBackMemory() }
      hasWorked = false
      try? await Task.sleep(for: .seconds(1))
    }
    _ = try? await ping("Inactive")
  }

  /// Says whether all that was due succeeded.
  private func end() throws(AgentError) {
    guard queue.files.isEmpty else {
      throw AgentError(.server, "the server is away: reports wait in \(state)/queue")
    }
    if let absence { throw AgentError(.server, absence) }
    if let complaint { throw AgentError(.incomplete, complaint) }
  }

  /// What is due now.
  private mutating func step() async throws {
    let now = Instant.now
    if now >= nextTry { await talk(now) }
    if watch?.hasChanged() == true { changedAt = now }
    if let changed = changedAt, now.seconds - changed.seconds >= Self.quietSeconds {
      changedAt = nil
      await collectPackages()
    }
    if work.isDue(now), let association = work.association {
      work.lastRun = now.seconds
      work.isAsked = false
      try work.write(state)
      _ = try? await update("InProgress", of: association, at: now)
      try await collectAll(for: association)
    }
    if Instant.now >= nextTry, !queue.files.isEmpty || work.run != nil {
      do { try await deliver() } catch { backOff(error) }
    }
  }

  /// Pings and asks; a server that is away is left alone for a while.
  private mutating func talk(_ now: Instant) async {
    do {
      if now >= nextPing {
        hasWorked = true
        try await ping("Active")
        nextPing = now.advanced(bySeconds: Self.pingSeconds)
      }
      // The server would take a run of which it has not heard the end for one that broke off.
      if work.run != nil { try await deliver(isLate: true) }
      if isCalled.take() || now >= nextPoll {
        hasWorked = true
        try await poll()
        nextPoll = now.advanced(bySeconds: Self.pollSeconds)
      }
      pause = Self.pauses.first
      absence = nil
    } catch { backOff(error) }
  }

  private mutating func backOff(_ error: any Error) {
    absence = "the server \(error is AWSError ? "refuses" : "is away"): \(error)"
    say("\(error); trying again in \(pause) s")
    nextTry = Instant.now.advanced(bySeconds: pause)
    pause = min(pause * 2, Self.pauses.longest)
  }

  /// Sends what waits, and then tells how the last run went.
  ///
  /// - Parameter isLate: whether the server may ask for something else by now.
  private mutating func deliver(isLate: Bool = false) async throws {
    hasWorked = true
    try await queue.send(link) { error in
      say("a report was refused: \(error)")
      complaint = complaint ?? "a report was refused: \(error)"
      guard var run = work.run else { return }
      run.refusalCount += 1
      run.firstRefusal = run.firstRefusal ?? String(describing: error)
      work.run = run
      try work.write(state)
    }
    guard let run = work.run else { return }
    // To the server it would count as a run of what is asked for now, which is still to be done.
    let counts = isLate ? try await isAsked(run) : true
    if counts {
      do {
        try await update(
          run.isSuccess ? "Success" : "Failed", of: run.association,
          at: Instant(milliseconds: run.ended), run.isSuccess ? "" : "ExecutionError", run.summary)
      } catch let error as AWSError where !error.isOfCaller && !error.isPassing {
        // It was taken away meanwhile.
        say("how the run went was not taken: \(error)")
      }
    }
    complaint = run.complaint ?? complaint
    work.run = nil
    try work.write(state)
    absence = nil
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
    work.take(try await association())
    try work.write(state)
  }

  /// What the server asks for; nil for nothing.
  private func association() async throws -> JSONValue? {
    let answer = try await link.call(
      "ListInstanceAssociations", [.init("InstanceId", .string(node.text))])
    return answer["Associations"]?.elements.first
  }

  /// Whether the server still asks for what a run did.
  private func isAsked(_ run: AgentRun) async throws -> Bool {
    let said = try await association()
    return said?["AssociationId"]?.text == run.association
      && said?["Checksum"]?.text ?? "" == run.checksum
  }

  /// Tells how a run goes or went.
  private func update(
    _ status: String, of association: String, at time: Instant, _ code: String = "",
    _ summary: String = ""
  ) async throws {
    _ = try await link.call(
      "UpdateInstanceAssociationStatus",
      [
        .init("InstanceId", .string(node.text)), .init("AssociationId", .string(association)),
        .init(
          "ExecutionResult",
          .object([
            .init("Status", .string(status)), .init("ErrorCode", .string(code)),
            .init("ExecutionDate", .number(Double(time.milliseconds) / 1000)),
            .init("ExecutionSummary", .string(summary)),
          ])),
      ])
  }

  /// Collects what was asked for, and notes on disk how it went until the server was told.
  private mutating func collectAll(for association: String) async throws {
    var run = AgentRun(association: association, checksum: work.checksum)
    if let earlier = work.run {
      // What became of its reports has not been told either.
      run.refusalCount = earlier.refusalCount
      run.firstRefusal = earlier.firstRefusal
      run.droppedCount = earlier.droppedCount
    }
    do {
      let (result, dropped) = try await collect(try file ?? work.plan())
      run.note(result)
      run.droppedCount += dropped
    } catch {
      say("collect: \(error)")
      run.note(failure: String(describing: error))
    }
    run.ended = Instant.now.milliseconds
    work.run = run
    try work.write(state)
  }

  /// Collects what changes with packages.
  private mutating func collectPackages() async {
    do {
      var plan = try file ?? work.plan()
      let packages: Set<String> = [
        "AWS:Application", "AWS:AWSComponent", "AWS:PatchSummary", "AWS:PatchCompliance",
        "Custom:PackageState",
      ]
      plan.types = (plan.types ?? plan.defaultTypes).filter { type in
        packages.contains(type.text) && !plan.excluded.contains(type)
      }
      plan.takesAllCustom = false
      _ = try await collect(plan)
    } catch { say("collect: \(error)") }
  }

  /// Collects into the queue: from here on it is not lost.
  ///
  /// Also says how many reports had to go for it.
  private mutating func collect(
    _ plan: CollectionPlan
  ) async throws -> (result: CollectionResult, dropped: Int) {
    // What a start and the talk with the server needed is not needed for this.
    giveBackMemory()
    hasWorked = true
    var plan = plan
    // The pings say this already.
    plan.excluded.insert(.instanceInformation)
    plan.types = plan.types?.filter { $0 != .instanceInformation }
    let result = await Collectors.collect(plan, node: node, at: .now, machine: machine())
    for failure in result.failures { say("collect \(failure)") }
    var dropped = 0
    for report in result.reports { dropped += try queue.add(report) }
    if dropped > 0 { say("\(counted(dropped, "report")) had to go: the queue is full") }
    giveBackMemory()
    return (result, dropped)
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
