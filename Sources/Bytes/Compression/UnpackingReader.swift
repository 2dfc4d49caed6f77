/// Unpacks bytes piece by piece: gzip, xz, Zstandard and bzip2, known by their first bytes.
///
/// Streams may follow each other, and zero bytes the last one, as tapes have them. What begins otherwise
/// passes as it is. It holds one piece of each side and what the library takes: with xz at most 80 MiB,
/// with Zstandard 128 MiB.
package struct UnpackingReader {
  /// Bytes of a piece that was unpacked, at most.
  private static let pieceBytes = 1 << 17

  /// The form; nil where the bytes are not packed, or before the first were asked for.
  package private(set) var form: PackedForm?
  private let bytesMax: Int
  private var count = 0
  private var hasBegun = false
  private var isAtEnd = false
  /// Whether a stream has come to its end, so that zero bytes may follow.
  private var hasStream = false
  /// What unpacks the stream that has begun; nil between two.
  private var codec: (any Codec)?
  private var input: [UInt8] = []
  private var position = 0

  /// Takes how many bytes there may be when they are unpacked.
  package init(bytesMax: Int = .max) { self.bytesMax = bytesMax }

  /// The next bytes, some 128 KiB at most where they are unpacked; none at the end and only there.
  ///
  /// `source` gives the next bytes as they lie in the file, and none at its end and only there. Throws
  /// what it throws, and a fault where the bytes are damaged, cut off or too many.
  package mutating func next<E: Error>(
    from source: () throws(E) -> [UInt8]
  ) throws(UnpackingFailure<E>) -> [UInt8] {
    if !hasBegun {
      try need(PackedForm.headBytes, source)
      hasBegun = true
      form = PackedForm(beginning: input)
    }
    guard let form else {
      if input.isEmpty { try need(1, source) }
      defer { input = [] }
      if let fault = count(input) { throw .fault(fault) }
      return input
    }
    while true {
      if codec == nil {
        guard try begin(form, source) else { return [] }
      }
      guard let step = codec?.step(input[position...], atMost: Self.pieceBytes) else {
        throw .fault(UnpackingFault(.damaged, form))
      }
      position += step.readCount
      if step.isAtEnd {
        codec = nil
        hasStream = true
      }
      if let fault = count(step.bytes) { throw .fault(fault) }
      if !step.bytes.isEmpty { return step.bytes }
      guard codec != nil, step.readCount == 0 else { continue }
      // It wants more than there is.
      guard position == input.count else { throw .fault(UnpackingFault(.damaged, form)) }
      try need(1, source)
      guard position < input.count else { throw .fault(UnpackingFault(.cut, form)) }
    }
  }

  /// Begins the next stream; false where there is none.
  private mutating func begin<E: Error>(
    _ form: PackedForm, _ source: () throws(E) -> [UInt8]
  ) throws(UnpackingFailure<E>) -> Bool {
    while true {
      try need(1, source)
      guard position < input.count else { return false }
      guard hasStream, input[position] == 0 else { break }
      position = input[position...].firstIndex { $0 != 0 } ?? input.count
    }
    try need(max(PackedForm.headBytes, ZstandardCodec.headBytes), source)
    guard PackedForm(beginning: input[position...]) == form else {
      throw .fault(UnpackingFault(.followed, form))
    }
    codec = form.makeCodec()
    return true
  }

  /// Reads until there are as many bytes, or no more come.
  private mutating func need<E: Error>(
    _ bytes: Int, _ source: () throws(E) -> [UInt8]
  ) throws(UnpackingFailure<E>) {
    while !isAtEnd, input.count - position < bytes {
      let more: [UInt8]
      do throws(E) { more = try source() } catch { throw .source(error) }
      isAtEnd = more.isEmpty
      if position == input.count {
        input = more
      } else {
        input = Array(input[position...]) + more
      }
      position = 0
    }
  }

  /// The fault of one byte too many.
  private mutating func count(_ bytes: [UInt8]) -> UnpackingFault? {
    count += bytes.count
    return count > bytesMax ? UnpackingFault(.tooLarge(bytesMax), form) : nil
  }
}

/// Why there are no next bytes.
package enum UnpackingFailure<SourceError: Error>: Error {
  /// What the source of the packed bytes threw.
  case source(SourceError)
  /// What is wrong with the bytes.
  case fault(UnpackingFault)
}

/// What is wrong with packed bytes.
package struct UnpackingFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of faults.
  package enum Kind: Hashable, Sendable {
    case cut
    case damaged
    /// Something that is none of the form follows a stream.
    case followed
    /// There are more bytes than this.
    case tooLarge(Int)
  }

  /// The kind.
  package let kind: Kind
  /// The form; nil where the bytes are not packed.
  package let form: PackedForm?

  init(_ kind: Kind, _ form: PackedForm?) {
    self.kind = kind
    self.form = form
  }

  /// A predicate that goes behind the file's name: `cannot be unpacked: the gzip stream is cut off`.
  package var description: String {
    let name = form?.rawValue ?? ""
    return switch kind {
    case .cut: "cannot be unpacked: the \(name) stream is cut off"
    case .damaged: "cannot be unpacked: the \(name) stream is damaged"
    case .followed:
      "cannot be unpacked: something that is not \(name) follows the \(name) stream"
    case .tooLarge(let bytesMax): "has more than \(bytesMax) bytes"
    }
  }
}
