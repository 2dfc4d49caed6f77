import AWSProtocol
import Schedules

extension Schedule {
  /// Holds an association's schedule to the forms.
  static func check(_ text: String?) throws(AWSError) {
    guard let text else { return }
    guard let schedule = Schedule(text) else {
      throw AWSError(
        "InvalidSchedule",
        "'\(text)' isn't a schedule: write rate(12 hours) or cron(0 2 ? * SUN *).")
    }
    if case .rate(let seconds) = schedule, seconds < secondsMin {
      throw AWSError("InvalidSchedule", "The shortest rate is 30 minutes, not '\(text)'.")
    }
  }
}
