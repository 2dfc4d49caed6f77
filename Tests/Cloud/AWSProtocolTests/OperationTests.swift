import AWSProtocol
import Inventory
import JSONTape
import Synchronization
import Testing

/// Of what a server has to know of an operation, and what the audit is told.
@Suite struct OperationTests {
  private struct Shelf: Sendable {
    final class Told: Sendable {
      private let names = Mutex<[String]>([])
      var all: [String] { names.withLock { $0 } }
      func add(_ name: String) { names.withLock { $0.append(name) } }
    }

    let told = Told()

    static let describe = Operation<Shelf>(
      "DescribeBook", access: .read, load: .lookup, input: [Field("Id", .text(1), required: true)],
      errors: ["NoSuchBook"]
    ) { _, request in
      guard request.text("Id") == "1" else { throw AWSError("NoSuchBook", "There is none.") }
      return .object([.init("Id", .string("1"))])
    }

    static let put = Operation<Shelf>(
      "PutBook", access: .writeNode, load: .change,
      input: [Field("Id", .text()), Field("DryRun", .boolean)]
    ) { _, _ in .object([.init("Book", .object([.init("Place", .string("top"))]))]) }

    static let lend = Operation<Shelf>(
      "LendBook", access: .anonymous, load: .change, input: []
    ) { _, _ in .object([]) }.placed { _, _ in try? Scope(account: "210987654321", region: "x-1") }

    static let ping = Operation<Shelf>(
      "Ping", access: .writeNode, load: .agentCall, input: []
    ) { _, _ in .object([]) }

    static let exchange = Operation<Shelf>(
      "ExchangeKey", access: .nodeKey, load: .agentCall, input: []
    ) { _, _ in .object([]) }.audited()

    static let raw = Operation<Shelf>(
      "PutPages", access: .write, load: .report, errors: [],
      body: { _, body, _ in AWSReply(body: body.reversed()) }
    ).onRefusal { shelf, error in shelf.told.add(error.name) }

    var services: AWSServices {
      AWSServices([
        AWSService(
          .json(target: "Books"), signing: "books", told: ["Id": "bookId", "Place": "place"],
          of: self, [Self.describe, Self.put, Self.lend, Self.ping, Self.exchange, Self.raw])
      ])
    }
  }

  private let shelf = Shelf()
  private static let node = Caller(
    keyID: "mi-1", scope: .local, permissions: [.writeNode("mi-1")], node: "mi-1")

  private func answer(
    _ name: String, _ body: String = "{}", _ caller: Caller = node
  ) async throws -> AWSReply {
    let found = try #require(shelf.services.named(target: "Books." + name))
    return try await found.operation.answer(Array(body.utf8), for: caller)
  }

  @Test func `a target names a service and an operation`() throws {
    let services = shelf.services
    let found = try #require(services.named(target: "Books.DescribeBook"))
    #expect(found.operation.signingName == "books")
    #expect(found.operation.traits.errors == ["NoSuchBook"])
    for target in ["", ".", "Books", "Books.", "Books.Nothing", "Other.DescribeBook", "books.Ping"]
    {
      #expect(services.named(target: target) == nil)
    }
    #expect(services.queryNamespace == nil)
  }

  @Test func `a request has the shape of its operation before it runs`() async throws {
    let error = await #expect(throws: AWSError.self) { try await answer("DescribeBook") }
    #expect(error?.name == "ValidationException")
    let kind = await #expect(throws: AWSError.self) { try await answer("DescribeBook", "3") }
    #expect(kind?.name == "SerializationException")
    #expect(try await answer("DescribeBook", #"{"Id": "1"}"#).body == Array(#"{"Id":"1"}"#.utf8))
  }

  @Test func `what takes the body as it is has no shape`() async throws {
    #expect(try await answer("PutPages", "abc").body == Array("cba".utf8))
    #expect(shelf.services.named(target: "Books.PutPages")?.operation.traits.input == nil)
  }

  @Test func `the audit is told what was changed, from request and answer`() async throws {
    let deed = try #require(try await answer("PutBook", #"{"Id": "7"}"#).deed)
    #expect(deed.operation == "PutBook" && deed.isRoutine)
    #expect(
      deed.objects == [
        .init("bookId", "7"), .init("place", "top"), .init("instanceId", "mi-1"),
      ])
    var admin = Self.node
    admin.permissions = [.admin]
    #expect(try await answer("PutBook", "{}", admin).deed?.isRoutine == false)
  }

  @Test func `the audit is not told of questions, rehearsals and an agent's calls`() async throws {
    #expect(try await answer("DescribeBook", #"{"Id": "1"}"#).deed == nil)
    #expect(try await answer("PutBook", #"{"DryRun": true}"#).deed == nil)
    #expect(try await answer("Ping").deed == nil)
    #expect(try await answer("ExchangeKey").deed != nil)
  }

  @Test func `what nobody signed is where its answer says`() async throws {
    #expect(try await answer("LendBook", "{}", .nobody).deed?.scope?.region == "x-1")
  }

  @Test func `refusals are told to who wants them`() throws {
    for name in ["PutPages", "Ping"] {
      shelf.services.named(target: "Books." + name)?.operation.noteRefusal(.throttling)
    }
    #expect(shelf.told.all == ["ThrottlingException"])
  }
}
