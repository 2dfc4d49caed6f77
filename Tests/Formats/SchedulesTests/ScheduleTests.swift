import Inventory
import Testing

@testable import Schedules

@Suite("Schedules")
struct ScheduleTests {
  @Test(
    "rates and cron expressions are read",
    arguments: [
      ("rate(30 minutes)", Schedule.rate(1800)), ("rate(1 hour)", .rate(3600)),
      ("rate(12 hours)", .rate(43200)), ("rate(1 day)", .rate(86400)),
      ("cron(0 2 ? * SUN *)", .cron(["0", "2", "?", "*", "SUN", "*"])),
    ])
  func read(_ text: String, _ expected: Schedule) {
    #expect(Schedule(text) == expected)
  }

  @Test(
    "anything else is none",
    arguments: [
      "", "rate()", "rate(0 hours)", "rate(-1 hours)", "rate(1 week)", "rate(1 hours",
      "rate (1 hour)",
      "rate(99999999999999999999 days)", "cron(0 2)", "cron(0 2 ? * SUN * * *)",
      "cron(0 2 ? * $(x) *)", "daily",
    ])
  func refused(_ text: String) {
    #expect(Schedule(text) == nil)
  }

  @Test(
    "the next time of a cron expression",
    arguments: [
      ("cron(0 2 ? * SUN *)", "2026-11-24T14:25:33Z", "2026-11-29T02:00:00Z"),
      ("cron(0 2 * * ? *)", "2026-11-24T02:00:00Z", "2026-11-25T02:00:00Z"),
      ("cron(0/30 * * * ? *)", "2026-11-24T14:25:33Z", "2026-11-24T14:30:00Z"),
      ("cron(15 10 ? * MON-FRI *)", "2026-11-27T10:15:00Z", "2026-11-30T10:15:00Z"),
      ("cron(0 0 29 2 ? *)", "2026-11-24T00:00:00Z", "2028-02-29T00:00:00Z"),
      ("cron(0 0 1 1,7 ? *)", "2026-11-24T00:00:00Z", "2027-01-01T00:00:00Z"),
      ("cron(59 23 31 12 ? 2026)", "2026-11-24T00:00:00Z", "2026-12-31T23:59:00Z"),
      ("cron(0 0 1 1 ? 2020)", "2026-11-24T00:00:00Z", nil),
      ("cron(0 0 30 2 ? *)", "2026-11-24T00:00:00Z", nil),
      ("cron(0 0 L * ? *)", "2026-11-24T00:00:00Z", "2026-11-30T00:00:00Z"),
      ("cron(0 0 29 2 ? *)", "2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"),
      ("cron(0 5 ? 2 1#5 *)", "2026-11-24T00:00:00Z", "2032-02-29T05:00:00Z"),
      ("rate(12 hours)", "2026-11-24T00:00:00Z", "2026-11-24T12:00:00Z"),
    ] as [(String, String, String?)])
  func next(_ text: String, _ after: String, _ expected: String?) throws {
    let time = try #require(Instant(captureTime: after))
    #expect(Schedule(text)?.next(after: time)?.description == expected)
  }
}
