import Foundation
import Glibc
import NIOHTTP1
import Synchronization
import Testing

@testable import AWSClient

/// A server that answers what it is told to, byte for byte, and keeps what it was asked.
private final class ScriptedServer: Sendable {
  /// What it does with a request: answers it, and maybe hangs up; nil for no answer at all.
  struct Turn: Sendable {
    var answer: String?
    var hangsUp = false
  }

  let port: Int
  private let listener: Int32
  private let state: Mutex<(turns: [Turn], requests: [String], connections: Int)>

  var requests: [String] { state.withLock { $0.requests } }
  var connections: Int { state.withLock { $0.connections } }

  init(_ turns: [Turn]) throws {
    state = Mutex((turns, [], 0))
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, length) == 0 && listen(listener, 8) == 0
          ? getsockname(listener, pointer, &length) : -1
      }
    }
    try #require(code == 0)
    self.listener = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in accepting() }
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func accepting() {
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { return }
      state.withLock { $0.connections += 1 }
      Thread.detachNewThread { [self] in serving(client) }
    }
  }

  private func serving(_ client: Int32) {
    defer { close(client) }
    while let request = read(client) {
      let turn = state.withLock { state in
        state.requests.append(request)
        return state.turns.isEmpty ? Turn() : state.turns.removeFirst()
      }
      if let answer = turn.answer {
        _ = send(client, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
      }
      if turn.hangsUp { return }
    }
  }

  private func read(_ client: Int32) -> String? {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(client, &piece, piece.count, 0)
      guard count > 0 else { return nil }
      bytes += piece[..<count]
      let text = String(decoding: bytes, as: UTF8.self)
      guard let end = text.range(of: "\r\n\r\n") else { continue }
      let length =
        text.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
        .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
      if text[end.upperBound...].utf8.count >= length { return text }
    }
  }
}

struct TransportTests {
  private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

  private func transport(_ server: ScriptedServer) throws -> Transport {
    try #require(Transport(url: "http://127.0.0.1:\(server.port)/", certificates: nil))
  }

  private func words(_ body: () async throws -> Transport.Answer) async -> String {
    do { return "\(try await body().status)" } catch { return "\(error)" }
  }

  @Test func `a request is sent as it is, and its answer told as it is`() async throws {
    let server = try ScriptedServer([
      .init(
        answer:
          "HTTP/1.1 418 Teapot\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      )
    ])
    defer { server.stop() }
    var call = Transport.Call()
    call.path = "/a%20b"
    call.query = "x=1"
    call.headers = [("host", "elsewhere"), ("x-b", "2")]
    call.body = Array("body".utf8)
    let answer = try await transport(server).performed(call)
    #expect(answer.status == 418)
    #expect(answer.headers.first(name: "x-a") == "1")
    #expect(answer.body == Array("abcde".utf8))
    let request = try #require(server.requests.first)
    #expect(
      request
        == "POST /a%20b?x=1 HTTP/1.1\r\nhost: 127.0.0.1:\(server.port)\r\nx-b: 2\r\n"
        + "content-length: 4\r\n\r\nbody")
  }

  @Test func `a connection serves call after call, and a new one comes where it was closed`()
    async throws
  {
    let server = try ScriptedServer([
      .init(answer: Self.empty), .init(answer: Self.empty, hangsUp: true),
      .init(answer: Self.empty),
      .init(answer: "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
      .init(answer: Self.empty),
    ])
    defer { server.stop() }
    let transport = try #require(
      Transport(
        url: "http://127.0.0.1:\(server.port)", certificates: nil, connectSeconds: 60,
        idleSeconds: 600))
    for (connections, idle) in [(1, 1), (1, 0), (2, 1), (2, 0), (3, 1)] {
      #expect(try await transport.performed(.init()).status == 204)
      #expect(server.connections == connections)
      // Hanging up takes its time to get here.
      let end = ContinuousClock.now + .seconds(60)
      while transport.idleCount != idle, ContinuousClock.now < end {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(transport.idleCount == idle)
    }
  }

  @Test func `a connection that waits too long is closed`() async throws {
    let server = try ScriptedServer([.init(answer: Self.empty)])
    defer { server.stop() }
    let transport = try #require(
      Transport(
        url: "http://127.0.0.1:\(server.port)", certificates: nil, connectSeconds: 60,
        idleSeconds: 0))
    #expect(try await transport.performed(.init()).status == 204)
    let end = ContinuousClock.now + .seconds(60)
    while transport.idleCount > 0, ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(transport.idleCount == 0)
  }

  @Test func `calls at the same time have connections of their own`() async throws {
    let server = try ScriptedServer(Array(repeating: .init(answer: Self.empty), count: 4))
    defer { server.stop() }
    let transport = try transport(server)
    try await withThrowingTaskGroup(of: UInt.self) { group in
      for _ in 0..<4 { group.addTask { try await transport.performed(.init()).status } }
      for try await status in group { #expect(status == 204) }
    }
    #expect(server.requests.count == 4)
  }

  @Test func `a redirect is an answer like another`() async throws {
    let server = try ScriptedServer([
      .init(
        answer: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    ])
    defer { server.stop() }
    #expect(try await transport(server).performed(.init()).status == 302)
  }

  @Test func `what is in the way of an answer is told in words`() async throws {
    let server = try ScriptedServer([
      .init(answer: nil), .init(answer: nil, hangsUp: true),
      .init(answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789"),
      .init(answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123", hangsUp: true),
    ])
    let base = "http://127.0.0.1:\(server.port)"
    let transport = try transport(server)
    var call = Transport.Call()
    call.secondsMax = 1
    #expect(
      await words { try await transport.performed(call) } == "\(base): no answer came in time")
    call.secondsMax = 10
    call.answerBytesMax = 8
    #expect(
      await words { try await transport.performed(call) }
        == "\(base): the connection was closed before an answer")
    #expect(
      await words { try await transport.performed(call) }
        == "\(base): an answer of more than 8 bytes")
    #expect(await words { try await transport.performed(call) } != "200")
    call.path = "/a b"
    #expect(await words { try await transport.performed(call) }.contains("percent-coded"))
    server.stop()
    // The listener is gone as soon as its thread is.
    try await Task.sleep(for: .milliseconds(300))
    let gone = try #require(Transport(url: "http://127.0.0.1:1", certificates: nil))
    #expect(
      await words { try await gone.performed(.init()) } == "http://127.0.0.1:1: Connection refused")
  }

  @Test(arguments: [
    ("http://h", "h", 80), ("https://h", "h", 443), ("https://h:1", "h", 1),
    ("http://[::1]:8055", "::1", 8055), ("http://[::1]", "::1", 80),
    ("http://10.0.0.1:80", "10.0.0.1", 80),
  ])
  func `an address is a name and a port`(url: String, name: String, port: Int) throws {
    let place = try #require(ServerPlace(url[...]))
    #expect(place.name == name)
    #expect(place.port == port)
    #expect(place.host == url.drop { $0 != "/" }.dropFirst(2))
    #expect(place.nameForTLS == (name == "h" ? "h" : nil))
  }

  @Test(arguments: [
    "", "h", "ftp://h", "http://", "http://h/p", "http://u@h", "http://h:x", "http://h:65536",
    "http://a b",
    "http://h\r\nx", "http://h?q", "http://:80",
  ])
  func `what is no address is refused`(url: String) {
    #expect(Transport(url: url, certificates: nil) == nil)
  }
}
