import Inventory
import Testing

@testable import AWSClient

struct ExpirationTests {
  @Test(arguments: [
    "2026-03-03T09:00:00Z", "2026-03-03T10:00:00+01:00", "2026-03-03T09:00:00+0000",
    "2026-03-03T09:00:00UTC", "2026-03-03T09:00:00", "2026-03-03 09:00:00.000Z",
  ])
  func `the end of credentials is read as services and tools write it`(text: String) throws {
    let expected = CivilTime(year: 2026, month: 3, day: 3, hour: 9).instant
    #expect(try Instant(expiration: text, from: "x") == expected)
  }

  @Test(arguments: ["", "tomorrow", "2026-03-03", "2026-02-30T09:00:00Z", "1772528400"])
  func `what is no time is told with its place`(text: String) throws {
    let failure = try #require(throws: CredentialFailure.self) {
      try Instant(expiration: text, from: "the file")
    }
    #expect(failure.description.hasPrefix("the file names \"\(text)\""))
  }
}
