internal import CZlib
import Collectors
import Glibc

/// A file read through zlib, which unpacks gzip and passes everything else on as it is.
enum CompressedFile {
  /// All bytes of a file, unpacked; throws a sentence that names the file.
  static func bytes(
    ofFileAt path: String, atMost bytesMax: Int = ImportLimits.fileBytes
  ) throws(CollectorError) -> [UInt8] {
    // Without O_NONBLOCK a named pipe would wait for someone to write.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw CollectorError(path: path, errno: errno) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw CollectorError("\(path) is no regular file")
    }
    guard let file = unsafe gzdopen(descriptor, "rb") else {
      close(descriptor)
      throw CollectorError(path: path, errno: ENOMEM)
    }
    var bytes: [UInt8] = []
    var failure: CollectorError?
    var chunk = [UInt8](repeating: 0, count: 1 << 17)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe gzread(file, $0.baseAddress, UInt32($0.count))
      }
      if count < 0 {
        var code: Int32 = 0
        let reason = unsafe String(cString: gzerror(file, &code))
        failure = CollectorError("\(path) cannot be unpacked: \(reason)")
      }
      if count <= 0 { break }
      bytes += chunk[..<Int(count)]
      if bytes.count > bytesMax {
        failure = CollectorError("\(path) has more than \(bytesMax) bytes")
        break
      }
    }
    // A file that says it is packed and is not was cut to less than the head of a gzip file.
    if failure == nil, path.hasSuffix(".gz"), unsafe gzdirect(file) == 1 {
      failure = CollectorError("\(path) is no gzip file, or only the beginning of one")
    }
    // zlib hands out what it could unpack and tells only at the end that the rest is missing.
    if unsafe gzclose(file) != Z_OK, failure == nil {
      failure = CollectorError("\(path) cannot be unpacked: the end of the file is missing")
    }
    if let failure { throw failure }
    return bytes
  }
}
