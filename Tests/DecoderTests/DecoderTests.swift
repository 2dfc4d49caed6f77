import CollectionSupport
import Foundation
import Testing

/// Every decoder on inputs that were found to go ways of their own, and on what chance makes of them.
///
/// `make fuzz` looks for more with libFuzzer. `STOCKTAKE_TORTURE=1` tries longer,
/// `STOCKTAKE_FUZZ_SECONDS` says how long.
@Suite(.serialized) struct DecoderTests {
  private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Corpus")

  private static func inputs(of name: String) throws -> [[UInt8]] {
    let folder = corpus.appendingPathComponent(name)
    return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      Array(try Data(contentsOf: folder.appendingPathComponent($0)))
    }
  }

  private static var seconds: Double {
    let environment = ProcessInfo.processInfo.environment
    if let text = environment["STOCKTAKE_FUZZ_SECONDS"], let seconds = Double(text) {
      return seconds
    }
    return environment["STOCKTAKE_TORTURE"] == nil ? 1 : 60
  }

  private static func changed(
    _ input: [UInt8], _ others: [[UInt8]], _ random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    var bytes = input
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      guard !bytes.isEmpty else { return [UInt8.random(in: 0...255, using: &random)] }
      let place = Int.random(in: 0..<bytes.count, using: &random)
      let end = min(bytes.count, place + Int.random(in: 1...16, using: &random))
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: bytes[place] = [0, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
      case 3: bytes.removeSubrange(place..<end)
      case 4: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
      case 5: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
      default:
        let other = others.randomElement(using: &random) ?? []
        bytes = Array(bytes[..<place]) + other.suffix(max(0, other.count - place))
      }
    }
    return bytes
  }

  @Test(arguments: Decoder.all.map(\.name))
  func `whatever is read ends in an answer`(_ name: String) throws {
    let decoder = try #require(Decoder.named(name))
    let inputs = try Self.inputs(of: name)
    #expect(!inputs.isEmpty)
    var taken = inputs.count { decoder.take($0) }
    // A decoder that takes none of them would be tried on its first bytes only.
    #expect(taken > 0)
    let given = ProcessInfo.processInfo.environment["STOCKTAKE_SEED"].flatMap { UInt64($0) }
    let seed = given ?? UInt64.random(in: 0 ... .max)
    print("\(name): seed \(seed); STOCKTAKE_SEED repeats it")
    var random = SplitMix64(seed: seed)
    var tried = inputs.count
    let end = Date().addingTimeInterval(Self.seconds)
    while Date() < end {
      for _ in 0..<20 {
        let input = inputs.randomElement(using: &random) ?? []
        if decoder.take(Self.changed(input, inputs, &random)) { taken += 1 }
        tried += 1
      }
    }
    print("\(name): \(tried) inputs, \(taken) taken")
  }
}
