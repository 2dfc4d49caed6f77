import CollectionSupport
import Collectors
import Foundation
import Inventory
import JSONTape
import Testing

@testable import Agent

@Suite struct AgentRunTests {
  @Test func `what a machine has nothing to tell of fails no run`() async throws {
    let machine = Machine(root: try TemporaryTree().path(""))
    let node = try NodeID("mi-01234567890abcdef")
    var plan = CollectionPlan()
    plan.types = [try TypeName("AWS:PatchSummary")]
    let result = await Collectors.collect(plan, node: node, at: .now, machine: machine)
    #expect(result.failures.count == 1)
    var run = AgentRun(association: "a", checksum: "c")
    run.note(result)
    #expect(run.isSuccess && run.complaint == nil)
    plan.types = [.application]
    run.note(await Collectors.collect(plan, node: node, at: .now, machine: machine))
    #expect(run.complaint?.hasPrefix("1 of 2 types failed: AWS:Application: ") == true)
  }
}

/// What an agent tells a server of its runs: success where all succeeded, and only there.
@Suite struct AgentLoopTests {
  private let machine: TemporaryTree
  private let folder: TemporaryTree
  private let server = ScriptedServer()
  private let identity: AgentIdentity

  init() async throws {
    machine = try TemporaryTree()
    folder = try TemporaryTree()
    try machine.write(
      "var/lib/dpkg/status",
      """
      Package: a
      Status: install ok installed
      Architecture: amd64
      Version: 1.0
      Maintainer: Somebody <somebody@example.org>
      Description: a package

      """)
    var identity = try AgentIdentity(
      server: try await server.start(), region: "us-east-1", certificates: nil)
    identity.node = "mi-01234567890abcdef"
    self.identity = identity
  }

  private static let token =
    #"{"AccessKeyId":"AKIA","SecretAccessKey":"s","SessionToken":"t","#
    + #""TokenExpirationDate":4000000000}"#

  private static func associations(
    checksum: String = "one", _ status: String = "Associated", last: Int? = nil
  ) -> String {
    #"{"Associations":[{"AssociationId":"a-1","ScheduleExpression":"rate(30 minutes)","#
      + #""Checksum":"\#(checksum)","DetailedStatus":"\#(status)""#
      + (last.map { #","LastExecutionDate":\#($0)"# } ?? "") + "}]}"
  }

  /// Answers that let an agent live, but where `other` has another.
  private func serve(
    associations: String = associations(),
    _ other: @escaping @Sendable (String) -> (Int, String)? = { _ in nil }
  ) {
    server.answer { call in
      if let answer = other(call.operation) { return answer }
      switch call.operation {
      case "RequestManagedInstanceRoleToken": return (200, Self.token)
      case "ListInstanceAssociations": return (200, associations)
      default: return (200, "{}")
      }
    }
  }

  /// Runs an agent of the machine once, as after a restart; what was in the way.
  private func once() async throws -> AgentError? {
    var plan = CollectionPlan()
    plan.types = [.application]
    plan.takesAllCustom = true
    var loop = try AgentLoop(
      identity, state: folder.path, root: machine.path, file: plan, version: "1"
    ) { _ in }
    do { try await loop.run(once: true) { false } } catch let error as AgentError { return error }
    return nil
  }

  /// The results that the server was told, each with its status, code and summary.
  private var results: [[String]] {
    server.calls.filter { $0.operation == "UpdateInstanceAssociationStatus" }.map { call in
      let result = call.input["ExecutionResult"]
      return ["Status", "ErrorCode", "ExecutionSummary"].map { result?[$0]?.text ?? "absent" }
    }
  }

  private static let success = [
    "Success", "",
    "1 out of 1 plugin processed, 1 success, 0 failed, 0 timedout, 0 skipped. ",
  ]
  private static let failed =
    "1 out of 1 plugin processed, 0 success, 1 failed, 0 timedout, 0 skipped. "

  @Test func `a run of which all was collected and taken is a success`() async throws {
    serve()
    #expect(try await once() == nil)
    #expect(results == [["InProgress", "", ""], Self.success])
    #expect(AgentWork.read(folder.path).run == nil)
  }

  @Test func `a document that is broken makes the run a failure, and says why`() async throws {
    let path = try machine.write("etc/stocktake/custom/broken.json", "{")
    serve()
    let error = try await once()
    #expect(error?.code == .incomplete)
    #expect(error?.description.contains("1 of 2 types failed: ") == true)
    let told = try #require(results.last)
    #expect(told[..<2] == ["Failed", "ExecutionError"])
    #expect(
      told[2].hasPrefix(Self.failed + "1 of 2 types failed: /etc/stocktake/custom/broken.json: "))
    // What could be collected was.
    #expect(server.operations.contains("PutInventory"))
    #expect(path.hasSuffix("broken.json"))
  }

  @Test func `a report that the server refuses makes the run a failure`() async throws {
    serve { operation in
      operation == "PutInventory"
        ? (400, #"{"__type":"ItemSizeLimitExceededException","message":"too large"}"#) : nil
    }
    let error = try await once()
    #expect(error?.code == .incomplete)
    let reason = "1 report was refused: ItemSizeLimitExceededException: too large"
    #expect(results.last == ["Failed", "ExecutionError", Self.failed + reason])
    #expect(try AgentQueue(folder.path).files.isEmpty)
  }

  @Test func `parameters that make no sense fail the run, and do not end the agent`() async throws {
    serve(
      associations: #"""
        {"Associations":[{"AssociationId":"a-1","Checksum":"c","Parameters":{"nonsense":["1"]}}]}
        """#)
    var loop = try AgentLoop(
      identity, state: folder.path, root: machine.path, file: nil, version: "1"
    ) { _ in }
    await #expect(throws: AgentError.self) { try await loop.run(once: true) { false } }
    #expect(results.last?[2].contains(#"parameters: "nonsense" is none of"#) == true)
  }

  @Test(arguments: [false, true])
  func `while the server is away the result waits, over a restart`(isBroken: Bool) async throws {
    if isBroken { try machine.write("etc/stocktake/custom/broken.json", "{") }
    serve { operation in
      operation == "PutInventory" || operation == "UpdateInstanceAssociationStatus"
        ? (503, #"{"__type":"InternalServerError","message":"away"}"#) : nil
    }
    let away = try await once()
    #expect(away?.code == .server && away?.description.contains("wait in") == true)
    #expect(try AgentQueue(folder.path).files.count == 1)
    #expect(AgentWork.read(folder.path).run?.isSuccess == !isBroken)
    // The server heard nothing of it, and takes it for one that broke off.
    serve(associations: Self.associations("InProgress", last: 1))
    let back = try await once()
    #expect((back == nil) == !isBroken)
    let first = try #require(results.first)
    #expect(first[0] == (isBroken ? "Failed" : "Success"))
    let order = server.operations.filter {
      $0 == "PutInventory" || $0 == "UpdateInstanceAssociationStatus"
    }
    #expect(order.prefix(2) == ["PutInventory", "UpdateInstanceAssociationStatus"])
    #expect(AgentWork.read(folder.path).run == nil)
  }

  @Test func `a report that is refused once the server is back fails the run`() async throws {
    serve { $0 == "PutInventory" ? (503, #"{"__type":"InternalServerError"}"#) : nil }
    #expect(try await once()?.code == .server)
    serve(associations: Self.associations("Success", last: Int(Date.now.timeIntervalSince1970))) {
      $0 == "PutInventory" ? (400, #"{"__type":"InvalidTypeNameException","message":"no"}"#) : nil
    }
    #expect(try await once()?.code == .incomplete)
    let reason = "1 report was refused: InvalidTypeNameException: no"
    #expect(results == [["Failed", "ExecutionError", Self.failed + reason]])
  }

  @Test func `how a run went of what is no longer asked for is not told`() async throws {
    serve { $0 == "PutInventory" ? (503, #"{"__type":"InternalServerError"}"#) : nil }
    #expect(try await once()?.code == .server)
    serve(associations: Self.associations(checksum: "two", "Success", last: 4_000_000_000))
    #expect(try await once() == nil)
    #expect(results == [])
    #expect(server.operations.contains("PutInventory"))
  }

  @Test func `a server that is not there is told to who runs it once`() async throws {
    serve { _ in (503, #"{"__type":"InternalServerError","message":"away"}"#) }
    #expect(try await once()?.code == .server)
  }

  @Test func `what an earlier version remembered is still known`() throws {
    try folder.write(
      "work.json",
      #"{"association":"a","schedule":"rate(1 day)","parameters":"{}","checksum":"c","#
        + #""isAsked":false,"lastRun":5}"#)
    let work = AgentWork.read(folder.path)
    #expect(work.association == "a" && work.lastRun == 5 && work.run == nil)
  }

  @Test func `a summary names each kind of failure, and has an end`() {
    var run = AgentRun(association: "a", checksum: "c")
    #expect(run.isSuccess && run.complaint == nil)
    run.note(failure: String(repeating: "é", count: 600) + "\n")
    run.refusalCount = 2
    run.firstRefusal = "no"
    run.droppedCount = 1
    #expect(run.summary.utf8.count <= 512 && run.summary.hasPrefix(Self.failed))
    #expect(
      run.complaint?.hasSuffix(
        "; 2 reports were refused: no; 1 report had to go: the queue was full") == true)
  }
}
