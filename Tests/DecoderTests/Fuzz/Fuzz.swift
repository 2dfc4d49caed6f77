import Glibc

/// The decoder that the environment names, and no other: each is fuzzed by itself.
private let decoder: Decoder = {
  let name = getenv("STOCKTAKE_DECODER").map { String(cString: $0) } ?? ""
  guard let decoder = Decoder.named(name) else {
    let names = Decoder.all.map(\.name).joined(separator: " ")
    let sentence = "STOCKTAKE_DECODER is none of: \(names)\n"
    _ = write(2, sentence, sentence.utf8.count)
    exit(64)
  }
  return decoder
}()

/// What libFuzzer calls with each input: 0, so that an input that brings news is kept.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  decoder.take([UInt8](UnsafeBufferPointer(start: start, count: count)))
  return 0
}
