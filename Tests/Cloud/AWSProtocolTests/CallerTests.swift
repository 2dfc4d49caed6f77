import AWSProtocol
import Inventory
import Testing

/// What permissions mean: the one rule by which services and server decide.
@Suite struct CallerTests {
  private static let node = "mi-0aaaaaaaaaaaaaaaa"

  private func caller(_ permissions: [Permission], node: String? = nil) -> Caller {
    Caller(keyID: "key", scope: .local, permissions: permissions, node: node)
  }

  @Test(
    "what each permission is enough for",
    arguments: [
      ([], [.anonymous, .known]),
      ([.read], [.anonymous, .known, .read]),
      ([.write], [.anonymous, .known, .write, .writeNode]),
      ([.writeNode(node)], [.anonymous, .known, .writeNode]),
      ([.read, .write], [.anonymous, .known, .read, .write, .writeNode]),
      ([.admin], [.anonymous, .known, .read, .write, .writeNode, .administer]),
    ] as [([Permission], Set<Access>)])
  func enough(_ permissions: [Permission], _ expected: Set<Access>) {
    let all: [Access] = [.anonymous, .nodeKey, .known, .read, .writeNode, .write, .administer]
    #expect(Set(all.filter { caller(permissions).may($0) }) == expected)
  }

  @Test func `a node's own key is a node's alone`() {
    #expect(caller([.writeNode(Self.node)], node: Self.node).may(.nodeKey))
    #expect(!caller([.admin]).may(.nodeKey))
  }

  @Test func `who may write one node may write no other, and not what others say of it`() throws {
    let own = caller([.writeNode(Self.node)])
    #expect(own.may(.writeNode, on: Self.node) && !own.may(.writeNode, on: "mi-1"))
    #expect(own.may(.writeNode, on: Self.node, type: .application))
    for name in ["AWS:Tag", "AWS:ComplianceItem", "AWS:ResourceGroup", "AWS:ComplianceSummary"] {
      let type = try TypeName(name)
      #expect(!own.may(.writeNode, on: Self.node, type: type))
      #expect(caller([.write]).may(.writeNode, on: Self.node, type: type))
    }
  }

  @Test func `values in the audit are one short line`() {
    let deed = Deed("Do", [.init("what", "a\nb" + String(repeating: "x", count: 600))])
    #expect(deed.told.first?.value.hasPrefix("a\u{fffd}bx") == true)
    #expect(deed.told.first?.value.unicodeScalars.count == 512)
  }
}
