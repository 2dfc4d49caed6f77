import Glibc

/// Writes times as `2026-01-05T03:00:35Z` fast: the days are looked up.
struct TimeText {
  static let byteCount = 20
  private static let stride = 16
  private static let daysBefore = 400

  /// `YYYY-MM-DDT` for each day, 16 bytes apart.
  private let days: [UInt8]
  private let firstDay: Int64
  /// `00` to `99`.
  private let pairs: [UInt8]

  init(dayCount: Int) {
    firstDay = FleetShape.firstDay / FleetShape.daySeconds - Int64(Self.daysBefore)
    var days: [UInt8] = []
    for index in 0..<(Self.daysBefore + dayCount + 8) {
      var time = time_t((firstDay + Int64(index)) * FleetShape.daySeconds)
      var parts = tm()
      gmtime_r(&time, &parts)
      let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
      let padded = date.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: "-") + "T"
      days += Array(padded.utf8) + [UInt8](repeating: 0, count: Self.stride - padded.utf8.count)
    }
    self.days = days
    var pairs: [UInt8] = []
    for number: UInt8 in 0..<100 { pairs += [48 + number / 10, 48 + number % 10] }
    self.pairs = pairs
  }

  /// Writes 20 bytes.
  @inline(__always)
  func write(_ seconds: Int64, to target: UnsafeMutableRawPointer) {
    let day = Int(seconds / FleetShape.daySeconds - firstDay)
    let rest = Int(seconds % FleetShape.daySeconds)
    precondition(day >= 0 && (day + 1) * Self.stride <= days.count, "a time outside the model")
    days.withUnsafeBytes { source in
      if let base = source.baseAddress {
        target.copyMemory(from: base + day * Self.stride, byteCount: 11)
      }
    }
    writePair(rest / 3600, to: target + 11)
    target.storeBytes(of: UInt8(ascii: ":"), toByteOffset: 13, as: UInt8.self)
    writePair(rest / 60 % 60, to: target + 14)
    target.storeBytes(of: UInt8(ascii: ":"), toByteOffset: 16, as: UInt8.self)
    writePair(rest % 60, to: target + 17)
    target.storeBytes(of: UInt8(ascii: "Z"), toByteOffset: 19, as: UInt8.self)
  }

  @inline(__always)
  private func writePair(_ value: Int, to target: UnsafeMutableRawPointer) {
    target.storeBytes(of: pairs[value * 2], as: UInt8.self)
    target.storeBytes(of: pairs[value * 2 + 1], toByteOffset: 1, as: UInt8.self)
  }

  func text(_ seconds: Int64) -> String {
    String(unsafeUninitializedCapacity: Self.byteCount) { buffer in
      if let base = buffer.baseAddress { write(seconds, to: UnsafeMutableRawPointer(base)) }
      return Self.byteCount
    }
  }
}
