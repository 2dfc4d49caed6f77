import Testing

@testable import Server

struct QuotaTests {
  private let one = Payer(key: "one", address: "192.0.2.1")
  private let other = Payer(key: "other", address: "192.0.2.2")
  private let unknown = Payer(key: nil, address: "192.0.2.1")

  @Test func `what is taken is given back when it is dropped`() {
    let quota = Quota(10)
    var lot = quota.take(4, for: one)
    #expect(quota.used == 4)
    #expect(lot?.take(1) == true)
    #expect(quota.used == 5)
    lot = nil
    #expect(quota.used == 0)
  }

  @Test func `no key and no address has more than its part`() throws {
    let quota = Quota(10, keyMax: 4, addressMax: 6)
    let first = try #require(quota.take(4, for: one))
    #expect(quota.take(1, for: one) == nil)
    let second = try #require(quota.take(2, for: unknown))
    // The address has its six; the key has its four wherever it comes from.
    #expect(quota.take(1, for: unknown) == nil)
    #expect(quota.take(1, for: Payer(key: "one", address: "192.0.2.9")) == nil)
    let third = try #require(quota.take(4, for: other))
    #expect(quota.used == 10)
    #expect(quota.take(1, for: Payer(key: "third", address: "192.0.2.3")) == nil)
    withExtendedLifetime((first, second, third)) {}
  }

  @Test func `the last is kept for those who may take it`() throws {
    let quota = Quota(8, keyMax: 8, addressMax: 7, kept: 1)
    let most = try #require(quota.take(7, for: one))
    #expect(quota.take(1, for: other) == nil)
    #expect(quota.take(1, for: unknown) == nil)
    // Also behind an address that has its part.
    let last = try #require(quota.take(1, for: unknown, mayTakeLast: true))
    #expect(quota.take(1, for: other, mayTakeLast: true) == nil)
    withExtendedLifetime((most, last)) {}
  }
}
