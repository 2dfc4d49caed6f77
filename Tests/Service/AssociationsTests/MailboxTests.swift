import Inventory
import Testing

@testable import Associations

/// Boxes belong to account, Region and node together.
@Suite struct MailboxTests {
  private static let id = "mi-0aaaaaaaaaaaaaaaa"
  private let now = Instant(seconds: 1_795_000_000)

  private func node(_ account: String, _ region: String) throws -> ScopedNode {
    ScopedNode(scope: try Scope(account: account, region: region), id: Self.id)
  }

  private func message(_ command: String = "c") -> Message {
    Message.refresh(Self.id, "a", command: command, now: now)
  }

  @Test func `what asks for the same is there once`() async throws {
    let boxes = Mailboxes(waitSeconds: 0)
    let node = try node("111111111111", "local")
    for command in ["c", "c", "d"] { boxes.post(message(command), to: node) }
    let got = await boxes.messages(for: node, hiddenSeconds: 10, now: now)
    #expect(got.map(\.id) == ["aws.ssm.c.\(Self.id)", "aws.ssm.d.\(Self.id)"])
    // Given out, and not acknowledged yet.
    boxes.post(message("c"), to: node)
    let again = await boxes.messages(for: node, hiddenSeconds: 10, now: now)
    #expect(again.isEmpty)
  }

  @Test(arguments: [("222222222222", "local"), ("111111111111", "eu-west-1")])
  func `the same id elsewhere neither ends a wait nor gets or takes a message`(
    account: String, region: String
  ) async throws {
    let boxes = Mailboxes(waitSeconds: 20)
    let mine = try node("111111111111", "local")
    let other = try node(account, region)
    async let told = boxes.messages(for: mine, hiddenSeconds: 10, now: now)
    while !boxes.knows(mine) { await Task.yield() }
    // Were it the same box, this wait would end the one before.
    async let nothing = boxes.messages(for: other, hiddenSeconds: 10, now: now)
    while !boxes.knows(other) { await Task.yield() }
    #expect(boxes.waiting(in: mine.scope) == [Self.id])
    let sent = message()
    #expect(!boxes.remove(sent.id, of: other))
    boxes.post(sent, to: mine)
    let got = await told
    #expect(got.map(\.id) == [sent.id])
    #expect(!boxes.remove(sent.id, of: other))
    boxes.close(other)
    let none = await nothing
    #expect(none.isEmpty)
    #expect(boxes.remove(sent.id, of: mine))
  }

  @Test func `boxes in which nobody waits and nothing lies make room`() async throws {
    let boxes = Mailboxes(waitSeconds: 0, boxesMax: 4)
    let full = try node("111111111111", "local")
    boxes.post(message(), to: full)
    for number in 0..<20 {
      let idle = ScopedNode(scope: .local, id: "i-\(number)")
      _ = await boxes.messages(for: idle, hiddenSeconds: 10, now: now)
    }
    #expect(boxes.waiting(in: .local).count < 5)
    #expect(boxes.knows(full))
    let left = await boxes.messages(for: full, hiddenSeconds: 10, now: now)
    #expect(left.count == 1)
  }
}
