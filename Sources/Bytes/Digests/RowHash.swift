import CXXHash

/// A hash of a key and its value that is the same in every process: against damage, not against
/// anybody who wants to deceive.
public enum RowHash {
  /// XXH3 of the value, seeded with that of the key; some 20 GB/s.
  public static func hash(_ key: RawSpan, _ value: RawSpan) -> UInt64 {
    let seed = unsafe key.withUnsafeBytes { unsafe xxh3_64_withSeed($0.baseAddress, $0.count, 0) }
    return unsafe value.withUnsafeBytes {
      unsafe xxh3_64_withSeed($0.baseAddress, $0.count, seed)
    }
  }
}
