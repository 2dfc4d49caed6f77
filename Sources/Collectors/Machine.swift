import Glibc

/// Where collectors read from: the files of a machine under some root directory.
///
/// With the root `/` it is the running machine, and the addresses of its interfaces come from the
/// kernel. Under any other root only files are read, so that a mounted or constructed tree answers
/// for itself and never with facts of the machine that reads it.
public struct Machine: Sendable {
  /// The directory that stands for `/`.
  public let root: String

  /// The addresses of the interfaces, in the order in which the kernel lists them.
  let addresses: @Sendable () throws -> [InterfaceAddress]

  /// Takes the directory that stands for `/`.
  public init(root: String = "/") {
    let isLive = root.allSatisfy { $0 == "/" } && !root.isEmpty
    self.init(root: root) { isLive ? try InterfaceAddress.ofRunningMachine() : [] }
  }

  init(root: String, addresses: @escaping @Sendable () throws -> [InterfaceAddress]) {
    self.root = root.hasSuffix("/") ? root : root + "/"
    self.addresses = addresses
  }

  /// The path of a file that is named relative to the root, without a leading slash.
  func path(_ name: String) -> String { root + name }

  /// The bytes of a file; throws what the system says of it, with its path.
  func bytes(of name: String) throws(CollectorError) -> [UInt8] {
    let path = path(name)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CollectorError(path: path, errno: errno) }
    defer { close(descriptor) }
    // The files of proc and sys have no size to ask for, hence reading until nothing comes.
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = unsafe chunk.withUnsafeMutableBytes {
        unsafe read(descriptor, $0.baseAddress, $0.count)
      }
      if count > 0 {
        bytes += chunk[..<count]
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        throw CollectorError(path: path, errno: errno)
      }
    }
  }

  /// A file as text, bytes that are not UTF-8 replaced by U+FFFD; nil where it cannot be read.
  func text(of name: String) -> String? {
    guard let bytes = try? bytes(of: name) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The first line of a file without surrounding blanks; nil where it is absent or empty.
  func line(of name: String) -> String? {
    guard let text = text(of: name) else { return nil }
    let line = text.prefix { !$0.isNewline }.trimmed
    return line.isEmpty ? nil : line
  }

  /// The names in a directory in the order of their bytes; throws where it cannot be read.
  func names(in directory: String) throws(CollectorError) -> [String] {
    let path = path(directory)
    guard let stream = unsafe opendir(path) else {
      throw CollectorError(path: path, errno: errno)
    }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// When a file was last written, in seconds since 1970; nil where there is none.
  func modificationSeconds(of name: String) -> Int64? {
    var status = stat()
    guard unsafe stat(path(name), &status) == 0 else { return nil }
    return Int64(status.st_mtim.tv_sec)
  }
}

/// Why a collector or importer could not read what it needs.
public struct CollectorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence that names the file.
  public let message: String

  /// Makes an error with its sentence.
  public init(_ message: String) { self.message = message }

  init(path: String, errno code: Int32) {
    message = unsafe "\(path): \(String(cString: strerror(code)))"
  }

  /// The sentence.
  public var description: String { message }
}

extension StringProtocol {
  /// The text without blanks at both ends.
  var trimmed: String {
    let start = drop { $0.isWhitespace }
    guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(start[...last])
  }
}
