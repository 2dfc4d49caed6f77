import Glibc

/// Where collectors read from: the files of a machine under some root directory.
///
/// With the root `/` it is the running machine, and the addresses of its interfaces come from the
/// kernel. Under any other root only files are read, and links lead no higher than it, so that a
/// mounted or constructed tree answers for itself and never with facts of the machine that reads it.
public struct Machine: Sendable {
  /// The directory that stands for `/`.
  public let root: String

  /// The addresses of the interfaces, in the order in which the kernel lists them.
  let addresses: @Sendable () throws -> [InterfaceAddress]

  /// Where collectors tell what they could not read in full.
  let notes: Notes

  /// What several collectors need; read once for all copies of a machine.
  let memory: Memory

  /// Takes the directory that stands for `/`.
  public init(root: String = "/") {
    let isLive = root.allSatisfy { $0 == "/" } && !root.isEmpty
    self.init(root: root) { isLive ? try InterfaceAddress.ofRunningMachine() : [] }
  }

  init(
    root: String, memory: Memory = Memory(),
    addresses: @escaping @Sendable () throws -> [InterfaceAddress]
  ) {
    let absolute = root.hasPrefix("/") || root.isEmpty ? root : Self.workingDirectory + "/" + root
    self.root = absolute.hasSuffix("/") ? absolute : absolute + "/"
    self.addresses = addresses
    self.memory = memory
    notes = Notes()
  }

  /// Programs that are asked about a root take it as an absolute path.
  private static var workingDirectory: String {
    guard let path = unsafe getcwd(nil, 0) else { return "." }
    defer { unsafe free(path) }
    return unsafe String(cString: path)
  }

  /// The same machine with notes of its own.
  func withNotes() -> Machine { Machine(root: root, memory: memory, addresses: addresses) }

  /// The same machine, of which nothing is known yet.
  func unread() -> Machine { Machine(root: root, addresses: addresses) }

  /// Tells what could not be read in full, in one sentence.
  public func warn(_ sentence: String) { notes.add(sentence) }

  /// Whether this is the running machine, of which the kernel can be asked.
  var isLive: Bool { root.allSatisfy { $0 == "/" } }

  /// What a file is called that is named relative to the root, without a leading slash.
  func path(_ name: String) -> String { root + name }

  /// Where a file is for other programs, without links in it below another root than `/`.
  ///
  /// Throws where there is no directory for it.
  func realPath(of name: String) throws(CollectorError) -> String { try place(name).path }

  private func place(
    _ name: String, followsLast: Bool = true
  ) throws(CollectorError) -> Place {
    if isLive { return Place(live: path(name), followsLast: followsLast) }
    return try Place(name, below: root, followsLast: followsLast)
  }

  /// What the system says of a file; nil where there is none.
  func status(of name: String, followsLinks: Bool = true) -> stat? {
    guard let place = try? place(name, followsLast: followsLinks) else { return nil }
    return place.status()
  }

  /// Bytes of a file that is read where the reader names no other limit.
  package static let fileBytesMax = 256 << 20

  /// The bytes of a regular file; throws what the system says of it, with its path.
  ///
  /// A pipe, a socket or a device is refused, because reading it could wait forever.
  package func bytes(of name: String, max: Int = fileBytesMax) throws(CollectorError) -> [UInt8] {
    var bytes: [UInt8] = []
    try stream(name, max: max) { bytes += $0 }
    return bytes
  }

  /// Hands over the bytes of a regular file piece by piece.
  ///
  /// Throws as ``bytes(of:max:)`` does, and what `take` throws.
  func stream(
    _ name: String, max: Int = fileBytesMax, to take: ([UInt8]) throws(CollectorError) -> Void
  ) throws(CollectorError) {
    let file = try open(name)
    // The files of proc and sys have no size to ask for, hence reading until nothing comes.
    var count = 0
    while true {
      let chunk = try file.next()
      if chunk.isEmpty { return }
      count += chunk.count
      guard count <= max else { throw CollectorError("\(file.path) has more than \(max) bytes") }
      try take(chunk)
    }
  }

  /// Opens a regular file, of which parts are to be read; throws as ``bytes(of:max:)`` does.
  func open(_ name: String) throws(CollectorError) -> OpenFile {
    try OpenFile(place(name), path(name))
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

  /// Opens a directory; throws where there is none.
  func directory(
    _ name: String, followsLast: Bool = true
  ) throws(CollectorError) -> Directory {
    let place = try place(name, followsLast: followsLast)
    return try Directory(place, path(name))
  }

  /// The names in a directory in the order of their bytes; throws where it cannot be read.
  func names(in directory: String) throws(CollectorError) -> [String] {
    try self.directory(directory).names()
  }

  /// The directories that a path means in which a `*` stands for any one name.
  func expand(_ pattern: String) -> [String] {
    var found = [""]
    for part in pattern.split(separator: "/").map(String.init) {
      found = found.flatMap { parent -> [String] in
        let prefix = parent.isEmpty ? "" : parent + "/"
        guard part == "*" else { return [prefix + part] }
        return ((try? names(in: parent)) ?? []).map { prefix + $0 }
      }
    }
    return found
  }

  /// Where a symbolic link leads; nil where there is none.
  func link(at name: String) -> String? {
    guard let place = try? place(name, followsLast: false) else { return nil }
    return place.link()
  }

  /// Whether there is a file or directory of that name.
  func exists(_ name: String) -> Bool { status(of: name) != nil }

  /// Whether there is a regular file of that name.
  func isFile(_ name: String) -> Bool {
    status(of: name).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
  }

  /// When a file was last written, in seconds since 1970; nil where there is none.
  func modificationSeconds(of name: String) -> Int64? {
    status(of: name).map { Int64($0.st_mtim.tv_sec) }
  }
}

/// Why a collector or importer could not read what it needs.
public struct CollectorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One sentence that names the file.
  public let message: String

  /// Whether the machine has nothing that could tell of the type: nothing went wrong, and nothing is known.
  public let isUnavailable: Bool

  /// Makes an error with its sentence.
  public init(_ message: String) { self.init(message, isUnavailable: false) }

  /// Says why the machine has nothing that could tell of the type.
  static func unavailable(_ message: String) -> Self { Self(message, isUnavailable: true) }

  private init(_ message: String, isUnavailable: Bool) {
    self.message = message
    self.isUnavailable = isUnavailable
  }

  package init(path: String, errno code: Int32) {
    isUnavailable = false
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
