import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Server

struct ConnectionGateTests {
  private static func channel(_ change: (inout ServerLimits) -> Void = { _ in }) throws
    -> EmbeddedChannel
  {
    var limits = ServerLimits()
    change(&limits)
    let channel = EmbeddedChannel(handler: ConnectionGate(limits: limits))
    try channel.connect(to: try SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
    return channel
  }

  private static func request(_ path: String) -> [HTTPRequestPart] {
    let head = HTTPRequest(method: .post, scheme: nil, authority: "x", path: path)
    return [.head(head), .body(ByteBuffer(string: path)), .end(nil)]
  }

  private static func answer(_ channel: EmbeddedChannel) throws {
    try channel.writeOutbound(HTTPResponsePart.head(HTTPResponse(status: .ok)))
    try channel.writeOutbound(HTTPResponsePart.end(nil))
  }

  private static func parts(_ channel: EmbeddedChannel) throws -> [HTTPRequestPart] {
    var parts: [HTTPRequestPart] = []
    while let part = try channel.readInbound(as: HTTPRequestPart.self) { parts.append(part) }
    return parts
  }

  @Test func `a request waits for the answer to the one before`() throws {
    let channel = try Self.channel()
    for path in ["/a", "/b", "/c"] {
      for part in Self.request(path) { try channel.writeInbound(part) }
    }
    for path in ["/a", "/b", "/c"] {
      #expect(try Self.parts(channel) == Self.request(path))
      try Self.answer(channel)
    }
    #expect(try Self.parts(channel).isEmpty)
    _ = try channel.finish()
  }

  @Test func `an answer before the end of the request does not let the next one through`() throws {
    let channel = try Self.channel()
    let (first, second) = (Self.request("/a"), Self.request("/b"))
    try channel.writeInbound(first[0])
    try Self.answer(channel)
    try channel.writeInbound(first[1])
    #expect(try Self.parts(channel) == Array(first[0...1]))
    try channel.writeInbound(first[2])
    for part in second { try channel.writeInbound(part) }
    #expect(try Self.parts(channel) == [first[2]] + second)
    _ = try channel.finish()
  }

  @Test func `more requests or bytes than may come before their turn close the connection`() throws
  {
    for change: @Sendable (inout ServerLimits) -> Void in [
      { $0.pipelinedRequestsMax = 2 }, { $0.pipelinedBytesMax = 4 },
    ] {
      let channel = try Self.channel(change)
      for path in ["/a", "/b", "/c"] {
        for part in Self.request(path) { try channel.writeInbound(part) }
      }
      #expect(channel.isActive)
      for part in Self.request("/d") { _ = try? channel.writeInbound(part) }
      #expect(!channel.isActive)
    }
  }

  @Test func `what a client has room for is given back once it has the answer`() throws {
    let channel = try Self.channel()
    let gate = try channel.pipeline.syncOperations.handler(type: ConnectionGate.self)
    let quota = Quota(100)
    let payer = Payer(key: nil, address: "192.0.2.1")
    let connection = Connection(channel, room: try #require(quota.take(1, for: payer)))
    #expect(connection.address == "192.0.2.1")
    gate.connection = connection
    for part in Self.request("/a") { try channel.writeInbound(part) }
    connection.keep(try #require(quota.take(10, for: payer)))
    #expect(quota.used == 11)
    try Self.answer(channel)
    #expect(quota.used == 1)
    _ = try channel.finish()
  }

  @Test(
    "addresses as limits see them",
    arguments: [
      ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"),
      ("2001:db8:1:2:3:4:5:6", "20:1:d:b8:0:1:0:2"), ("2001:db8:1:2::9", "20:1:d:b8:0:1:0:2"),
      ("::1", "0:0:0:0:0:0:0:0"),
    ])
  func addresses(_ text: String, _ expected: String) throws {
    let channel = EmbeddedChannel()
    try channel.connect(to: try SocketAddress(ipAddress: text, port: 1)).wait()
    #expect(Connection.address(of: channel) == expected)
    _ = try channel.finish()
  }
}
