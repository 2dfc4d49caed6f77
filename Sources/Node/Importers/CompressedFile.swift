import Collectors
import Compression
import Glibc

/// Reads files whole, unpacked where they are packed by gzip, xz, Zstandard or bzip2.
enum CompressedFile {
  /// All bytes of a file, unpacked; throws a sentence that names the file.
  static func bytes(
    ofFileAt path: String, atMost bytesMax: Int = ImportLimits.fileBytes
  ) throws(CollectorError) -> [UInt8] {
    let (bytes, failure) = contents(ofFileAt: path, atMost: bytesMax)
    if let failure { throw failure }
    return bytes
  }

  /// What can be read of a file, and why that is not all of it.
  static func contents(
    ofFileAt path: String, atMost bytesMax: Int = ImportLimits.fileBytes
  ) -> (bytes: [UInt8], failure: CollectorError?) {
    var bytes: [UInt8] = []
    do throws(UnpackingFailure<CollectorError>) {
      let file = try WholeFile(path)
      var reader = UnpackingReader(bytesMax: bytesMax)
      while true {
        let piece = try reader.next { () throws(CollectorError) in try file.next() }
        if piece.isEmpty { break }
        bytes += piece
      }
      // A file whose name says that it is packed was cut to less than the beginning of that.
      if reader.form == nil, let form = PackedForm(nameEnding: path) {
        let name = form.rawValue
        return (bytes, CollectorError("\(path) is no \(name) file, or only the beginning of one"))
      }
      return (bytes, nil)
    } catch {
      return (bytes, CollectorError(path: path, error))
    }
  }
}

/// A regular file that is read from its beginning to its end.
private struct WholeFile: ~Copyable {
  private static let pieceBytes = 1 << 17
  private let path: String
  private let descriptor: CInt

  init(_ path: String) throws(UnpackingFailure<CollectorError>) {
    // Without O_NONBLOCK a named pipe would wait for someone to write.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .source(CollectorError(path: path, errno: errno)) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .source(CollectorError("\(path) is no regular file"))
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The next bytes; none at the end.
  borrowing func next() throws(CollectorError) -> [UInt8] {
    while true {
      var result = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
        result = unsafe read(descriptor, buffer.baseAddress, Self.pieceBytes)
        count = max(0, result)
      }
      if result >= 0 { return bytes }
      if errno != EINTR { throw CollectorError(path: path, errno: errno) }
    }
  }
}
