import Foundation

/// What this process has used so far, or between two moments.
struct Usage {
  /// User and system time of all threads, in seconds.
  var cpu = 0.0
  /// Seconds that passed.
  var wall = 0.0

  static var now: Usage {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    return Usage(cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime), wall: wallSeconds)
  }

  /// A clock that only goes forward, in seconds.
  static var wallSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func - (a: Usage, b: Usage) -> Usage {
    Usage(cpu: a.cpu - b.cpu, wall: a.wall - b.wall)
  }

  static func += (a: inout Usage, b: Usage) { a = Usage(cpu: a.cpu + b.cpu, wall: a.wall + b.wall) }

  /// The most memory this process ever had resident, the store's mapped pages included.
  static var maxResidentBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  /// Measures what some work uses.
  mutating func measure<R>(_ work: () throws -> R) rethrows -> R {
    let start = Usage.now
    defer { self += Usage.now - start }
    return try work()
  }
}

func decimal(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

/// Times in microseconds, from which percentiles are taken.
struct Times {
  var values: [Double] = []

  func percentile(_ percent: Int) -> Double {
    guard !values.isEmpty else { return 0 }
    return values.sorted()[min(values.count - 1, values.count * percent / 100)]
  }
}
