import CrashSupport
import Foundation
import NIOCore
import NIOHTTP1

extension Herd {
  /// Lets the nodes live; tells what their calls took in the seconds that count.
  func live(_ life: HerdLife, ramp: Double, seconds: Double) throws -> String {
    let done = loop.makePromise(of: String.self)
    loop.execute { [self] in
      for node in nodes.nodes { begin(node, life, ramp) }
      after(ramp) { [self] in
        count(true)
        after(seconds) { [self] in
          count(false)
          done.succeed(table(seconds) + (life.isStampede ? "\n" + returnLine : ""))
        }
      }
    }
    return try done.futureResult.wait()
  }

  private func after(_ seconds: Double, _ body: @escaping () -> Void) {
    loop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9)), body)
  }

  /// Starts a node's clocks, each at a time of its own, which is the same in every run.
  private func begin(_ node: HerdNode, _ life: HerdLife, _ ramp: Double) {
    var random = SplitMix64(seed: UInt64(node.number))
    if life.messages { after(random.unit() * ramp) { [self] in ask(node) } }
    func every(_ interval: Double, _ body: @escaping () -> Void) {
      let interval = interval / speed
      func again() {
        body()
        after(interval, again)
      }
      // After an outage all try at once; else each has its own time.
      after(life.isStampede ? random.unit() : random.unit() * interval, again)
    }
    every(life.ping) { [self] in retried(node, ping) }
    every(life.poll) { [self] in
      retried(node) { node, done in
        self.call(
          node, "ListInstanceAssociations",
          "{\"InstanceId\":\"\(node.id)\",\"MaxResults\":20}", done)
      }
    }
    every(life.renew) { [self] in retried(node, renew) }
    every(life.collect) { [self] in
      if random.unit() < life.changed {
        node.version += 1
        node.isChanged = true
      }
      collect(node, life)
    }
  }

  /// Makes a call as the agent's SDK does: up to three times more, after pauses that double.
  private func retried(
    _ node: HerdNode, attempt: Int = 0,
    _ call: @escaping (HerdNode, @escaping (HerdAnswer) -> Void) -> Void
  ) {
    call(node) { [self] answer in
      guard answer.error != nil, attempt < 3 else { return }
      after(Double.random(in: 1...1.5) * Double(1 << attempt)) { [self] in
        retried(node, attempt: attempt + 1, call)
      }
    }
  }

  // MARK: Messages

  /// Asks for messages, again and again, over a connection of its own.
  private func ask(_ node: HerdNode) {
    connect(node) { [self] link in ask(node, link) }
  }

  private func ask(_ node: HerdNode, _ link: HerdLink) {
    guard let (head, body) = question(node) else { return }
    link.send(head, body) { [self] answer in
      noteQuestion(answer)
      if answer.error == nil { return ask(node, link) }
      link.close()
      after(2) { [self] in ask(node) }
    }
  }

  /// The question for messages, signed anew every few minutes: what it costs the server is the same.
  private func question(_ node: HerdNode) -> (HTTPRequestHead, ByteBuffer)? {
    if let known = node.question, -known.time.timeIntervalSinceNow < 300 {
      return (known.head, known.body)
    }
    let body =
      "{\"Destination\":\"\(node.id)\",\"MessagesRequestId\":\"\(UUID().uuidString)\","
      + "\"VisibilityTimeoutInSeconds\":10}"
    guard
      let head = try? node.signed(
        "GetMessages", body, host: host, region: options.region, service: "ec2messages")
    else { return nil }
    let bytes = ByteBuffer(string: body)
    node.question = (head, bytes, Date())
    return (head, bytes)
  }

  // MARK: Collecting

  /// What an agent says in the course of a run of its association.
  private func collect(_ node: HerdNode, _ life: HerdLife) {
    list(node) { [self] association in
      let steps: [(@escaping (HerdAnswer) -> Void) -> Void] = [
        { self.status(node, association, "Pending", $0) },
        { self.status(node, association, "InProgress", $0) },
        { self.report(node, life, $0) },
        { self.status(node, association, "InProgress", $0) },
        { self.status(node, association, "Success", $0) },
        { self.comply(node, association, $0) },
      ]
      follow(steps[...])
    }
  }

  private func follow(_ steps: ArraySlice<(@escaping (HerdAnswer) -> Void) -> Void>) {
    guard let first = steps.first else { return }
    first { [self] _ in follow(steps.dropFirst()) }
  }

  private func list(_ node: HerdNode, _ then: @escaping (String) -> Void) {
    struct Answer: Decodable {
      struct Association: Decodable { var AssociationId: String }
      var Associations: [Association]
    }
    call(
      node, "ListInstanceAssociations", "{\"InstanceId\":\"\(node.id)\",\"MaxResults\":20}"
    ) { answer in
      let data = Data(answer.body.readableBytesView)
      let said = try? JSONDecoder().decode(Answer.self, from: data)
      if let id = said?.Associations.first?.AssociationId { then(id) }
    }
  }

  private func status(
    _ node: HerdNode, _ association: String, _ status: String,
    _ then: @escaping (HerdAnswer) -> Void
  ) {
    call(
      node, "UpdateInstanceAssociationStatus",
      "{\"InstanceId\":\"\(node.id)\",\"AssociationId\":\"\(association)\",\"ExecutionResult\":{"
        + "\"Status\":\"\(status)\",\"ErrorCode\":\"\",\"ExecutionDate\":\(Int(Date().timeIntervalSince1970)),"
        + "\"ExecutionSummary\":\"1 out of 1 plugin processed, 1 success\"}}", then)
  }

  /// Hashes alone, and everything where the server asks for it.
  private func report(
    _ node: HerdNode, _ life: HerdLife, _ then: @escaping (HerdAnswer) -> Void
  ) {
    put(node, packages: life.packages, isWhole: false) { [self] answer in
      node.isChanged = false
      guard answer.error == "ItemContentMismatchException" else { return then(answer) }
      put(node, packages: life.packages, isWhole: true, then)
    }
  }

  private func comply(
    _ node: HerdNode, _ association: String, _ then: @escaping (HerdAnswer) -> Void
  ) {
    let time = Int(Date().timeIntervalSince1970)
    call(
      node, "PutComplianceItems",
      "{\"ResourceId\":\"\(node.id)\",\"ResourceType\":\"ManagedInstance\","
        + "\"ComplianceType\":\"Association\",\"ExecutionSummary\":{\"ExecutionTime\":\(time),"
        + "\"ExecutionId\":\"\",\"ExecutionType\":\"\"},\"ItemContentHash\":\"\(time)\",\"Items\":[{"
        + "\"Id\":\"\(association)\",\"Title\":\"\",\"Severity\":\"UNSPECIFIED\",\"Status\":\"COMPLIANT\","
        + "\"Details\":{\"DocumentName\":\"AWS-GatherSoftwareInventory\",\"DocumentVersion\":\"1\"}}]}",
      then)
  }
}

extension SplitMix64 {
  /// A number from 0 up to 1.
  fileprivate mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }
}
