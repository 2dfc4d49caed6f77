import AccessKeys
import Associations
import AWSProtocol
import Crypto
import Foundation
import HistoryStore
import Inventory
import JSONTape
import Synchronization

@testable import HistoryAPI
@testable import NodeRegistry
@testable import Signatures
@testable import SystemsManager

// What comes over the network beside reports: signatures, tokens, keys, and the inputs of operations.

/// A server's inside with some nodes in it; it is only asked.
private struct Service: Sendable {
  let services: AWSServices
  let api: HistoryAPI
  let registry: NodeRegistry

  static let shared: Service = {
    do { return try Service() } catch { fatalError("\(error)") }
  }()

  private init() throws {
    let folder = Scratch.shared.path + "/service"
    let store = try HistoryStore(path: folder + "/store")
    for node in ["i-0123456789abcdef0", "mi-0123456789abcdef0", "web-1"] {
      let time = Instant(seconds: 1_772_496_000)
      _ = try store.record([
        Report(
          node: try NodeID(node),
          entries: [
            .init(
              type: .application, captureTime: time,
              content: [
                ["Name": "openssl", "Version": "3.0.2", "Architecture": "x86_64"],
                ["Name": "bash", "Version": "5.2", "Publisher": node],
              ]),
            .init(
              type: .network, captureTime: time, content: [["Name": "eth0", "IPV4": "192.0.2.1"]]),
          ])
      ])
    }
    registry = NodeRegistry(store, secret: try ServerSecret(file: folder + "/secret"))
    let key = [UInt8](repeating: 7, count: 32)
    var nodes = try SystemsManager(
      store: store, registry: registry, configuration: .init(tokenKey: key))
    let associations = Associations(
      store: store, registry: registry, nodes: nodes, configuration: .init(tokenKey: key))
    nodes.tasks = associations
    services = AWSServices([nodes.service] + associations.services)
    api = HistoryAPI(store: store)
  }

  static let caller = Caller(keyID: "", scope: .local, permissions: [.admin])
}

/// Waits for what is asynchronous; libFuzzer knows no other way.
private func wait(_ body: @escaping @Sendable () async -> Void) {
  let end = DispatchSemaphore(value: 0)
  Task.detached {
    await body()
    end.signal()
  }
  end.wait()
}

private func text(_ bytes: some Collection<UInt8>) -> String {
  String(decoding: bytes, as: UTF8.self)
}

extension Decoder {
  static let signature = Decoder(
    "signature",
    [
      // `METHOD path?query`, then lines `name: value`.
      Part("request") { bytes in
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        let first = text(lines.first ?? []).split(separator: " ", maxSplits: 1).map(String.init)
        let target = (first.last ?? "").split(
          separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let headers = lines.dropFirst().map { line in
          let parts = text(line).split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
          return (
            name: String(parts.first ?? ""),
            value: parts.count > 1 ? String(parts[1].dropFirst()) : ""
          )
        }
        let request = SignedRequest(
          method: first.first ?? "", path: String(target.first ?? ""),
          query: target.count > 1 ? String(target[1]) : "", headers: headers,
          bodyDigest: Array(repeating: 1, count: 32))
        let authorization = try Authorization(request)
        _ = authorization.stringToSign(request)
        let key = SigningKey(
          secret: Array("secret".utf8), date: authorization.date, region: authorization.region,
          service: authorization.service)
        try authorization.verify(request, key: key, now: 1_440_938_160, service: "service")
      },
      Part("query") { bytes in
        let once = SignedRequest.canonical(query: text(bytes))
        hold(SignedRequest.canonical(query: once) == once, "a canonical query has another form")
      },
      Part("path") { _ = SignedRequest.canonical(path: text($0)) },
      Part("value") { bytes in
        let once = SignedRequest.collapsed(text(bytes))
        hold(SignedRequest.collapsed(once) == once, "a collapsed value has another form")
      },
    ])

  static let credentials = Decoder(
    "credentials",
    [
      Part("page token") { bytes in
        let tokens = PageTokens(key: Array(repeating: 7, count: 32))
        let input = JSONValue.object([.init("NextToken", .string(text(bytes)))])
        var body: [UInt8] = []
        input.write(to: &body)
        let request = try AWSRequest(
          "Test", body, .structure([.nextToken, .maxResults()]), Service.caller)
        _ = try tokens.decode(request)
      },
      Part("page token of ours") { bytes in
        let tokens = PageTokens(key: Array(repeating: 7, count: 32))
        let token = PageToken(
          sequence: UInt64(bytes.first ?? 0), asked: Instant(seconds: 5), position: text(bytes))
        let plain = try AWSRequest(
          "Test", [], .structure([.nextToken, .maxResults()]), Service.caller)
        let sealed = tokens.encode(token, for: plain)
        var body: [UInt8] = []
        JSONValue.object([.init("NextToken", .string(sealed))]).write(to: &body)
        let request = try AWSRequest(
          "Test", body, .structure([.nextToken, .maxResults()]), Service.caller)
        hold(try tokens.decode(request) == token, "a page token is read otherwise than written")
      },
      Part("session token") { bytes in
        _ = try Service.shared.registry.session(keyID: "ASIA", token: text(bytes), now: 5)
      },
      Part("public key") { bytes in
        hold(
          ManagedNode.key(base64: Data(bytes).base64EncodedString()) == nil
            || bytes.count > 256, "a short key is taken")
      },
      Part("public key in base64") { _ = ManagedNode.key(base64: text($0)) },
    ])

  static let requests: Decoder = {
    let operations = Service.shared.services.all.flatMap(\.operations).sorted { $0.name < $1.name }
    return Decoder(
      "requests",
      [
        // The second byte chooses the operation.
        Part("operation") { bytes in
          let operation = operations[Int(bytes.first ?? 0) % operations.count]
          let body = Array(bytes.dropFirst())
          guard let input = operation.traits.input else { return }
          _ = try AWSRequest(operation.name, body, input, Service.caller)
          // What would write is only held to its shape, so that each input finds the same store.
          switch operation.traits.access {
          case .read, .known: break
          default: return
          }
          wait { _ = try? await operation.answer(body, for: Service.caller) }
        },
        // `path?query`, then a line with what is accepted.
        Part("our own API") { bytes in
          let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
          let target = text(lines.first ?? []).split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
          var request = APIRequest(
            method: "GET", path: String(target.first ?? ""),
            query: target.count > 1 ? String(target[1]) : "", caller: Service.caller)
          // It would wait.
          guard !request.query.contains("wait"), !request.query.contains("%") else { return }
          if lines.count > 1 { request.accept = text(lines[1]) }
          if lines.count > 2 { request.ifNoneMatch = text(lines[2]) }
          if lines.count > 3 { request.lastEventID = text(lines[3]) }
          let asked = request
          wait { _ = await Service.shared.api.answer(asked) }
        },
        Part("target") { bytes in
          _ = Service.shared.services.named(target: text(bytes))
          _ = HistoryAPI.access(method: "GET", path: text(bytes))
        },
      ])
  }()
}
