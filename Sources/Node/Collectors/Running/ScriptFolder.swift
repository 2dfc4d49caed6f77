import FoundationEssentials
import Glibc
import Inventory

/// A folder of programs, each of which prints one document of a custom type.
///
/// A program is run without arguments, without a shell, with a fixed environment and its own process
/// group. It and its folder must belong to the user that collects, or to root, and nobody else may be
/// able to write to them. Names with a dot or a tilde at an end are passed over.
public struct ScriptFolder: Sendable {
  /// The folder.
  public var path: String
  /// The user to run programs as; nil for the one that collects.
  ///
  /// Only root can choose.
  public var user: String?
  /// Seconds that one program may take.
  public var secondsMax = 10.0
  /// Bytes that one program may print.
  public var outputBytesMax = 1 << 20
  /// Programs that are run in all.
  public var scriptsMax = 100

  /// Takes the folder.
  public init(path: String) { self.path = path }

  /// What each program printed, in order of their names; nothing for a machine that does not run.
  func collect(on machine: Machine) -> [Collected] {
    guard machine.isLive else { return [] }
    func failed(_ message: String) -> [Collected] {
      var failed = Collected(source: path, type: nil)
      failed.failure = message
      return [failed]
    }
    do {
      try Self.checkOwner(path, isFolder: true)
      let user = try user.map { try Self.user(named: $0) }
      let names = try FileManager.default.contentsOfDirectory(atPath: path).filter {
        !$0.hasPrefix(".") && !$0.hasSuffix("~")
      }.sorted()
      guard names.count <= scriptsMax else {
        return failed("it has \(names.count) programs, more than \(scriptsMax)")
      }
      return names.map { run(path + "/" + $0, as: user) }
    } catch {
      return failed(String(describing: error))
    }
  }

  private func run(_ script: String, as user: Tool.User?) -> Collected {
    var found = Collected(source: script, type: nil)
    do {
      try Self.checkOwner(script, isFolder: false)
      let limits = Tool.Limits(secondsMax: secondsMax, outputBytesMax: outputBytesMax)
      let bytes = try Tool(path: script, limits: limits, user: user).output()
      found.take(try CustomDocument(parsing: bytes))
    } catch {
      found.failure = String(describing: error)
    }
    return found
  }

  private static func user(named name: String) throws -> Tool.User {
    guard let entry = unsafe getpwnam(name) else {
      throw CollectorError("there is no user \"\(name)\" to run scripts as")
    }
    return unsafe Tool.User(id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
  }

  /// Who can write to a program, or to its folder, can run what they like as the user that collects.
  private static func checkOwner(_ path: String, isFolder: Bool) throws {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { throw CollectorError(path: path, errno: errno) }
    let kind = status.st_mode & S_IFMT
    guard kind == (isFolder ? S_IFDIR : S_IFREG) else {
      throw CollectorError("\(path) is no \(isFolder ? "folder" : "regular file")")
    }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw CollectorError("\(path) belongs to another user; it is not run")
    }
    guard status.st_mode & 0o022 == 0 else {
      throw CollectorError("\(path) can be written by others; chmod go-w it")
    }
    if !isFolder, status.st_mode & 0o111 == 0 {
      throw CollectorError("\(path) is not executable; chmod +x it")
    }
  }
}
