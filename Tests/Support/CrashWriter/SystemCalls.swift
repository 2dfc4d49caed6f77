public import Glibc

// LMDB's own writes and flushes go through these, because an executable's symbols come first. So
// this process can die, or be refused, at any of the calls that make up a commit.

/// What happens at the chosen call.
enum Fault: Sendable {
  case killBefore, killHalfway, killAfter
  /// The call does nothing and fails with an error number.
  case fail(Int32)
  /// Half of the bytes are written; LMDB makes EIO of it.
  case short
}

/// The chosen call, counted from 1 from when `isArmed` is set, and what happens there.
nonisolated(unsafe) var fault: (call: Int, Fault)?
nonisolated(unsafe) var isArmed = false
nonisolated(unsafe) var callCount = 0

func dieNow() -> Never {
  kill(getpid(), SIGKILL)
  while true { pause() }
}

private func real<T>(_ name: String, as type: T.Type) -> T {
  guard let next = dlsym(UnsafeMutableRawPointer(bitPattern: -1), name) else { dieNow() }
  return unsafeBitCast(next, to: type)
}

private typealias PWrite = @convention(c) (Int32, UnsafeRawPointer?, Int, Int) -> Int
private typealias WriteV = @convention(c) (Int32, UnsafePointer<iovec>?, Int32) -> Int
private typealias FDataSync = @convention(c) (Int32) -> Int32

nonisolated(unsafe) private let realPWrite = real("pwrite", as: PWrite.self)
nonisolated(unsafe) private let realWriteV = real("writev", as: WriteV.self)
nonisolated(unsafe) private let realFDataSync = real("fdatasync", as: FDataSync.self)

/// Counts a call; the fault that is due at it.
private func due() -> Fault? {
  guard isArmed else { return nil }
  callCount += 1
  guard let (call, fault) = fault, call == callCount else { return nil }
  return fault
}

private func run(_ count: Int, _ fault: Fault?, _ body: (Int) -> Int) -> Int {
  switch fault {
  case nil: return body(count)
  case .killBefore: dieNow()
  case .killHalfway:
    _ = body(count / 2)
    dieNow()
  case .killAfter:
    _ = body(count)
    dieNow()
  case .fail(let number):
    errno = number
    return -1
  case .short: return body(count / 2)
  }
}

/// LMDB's write of one page.
@_cdecl("pwrite")
public func countedPWrite(
  _ file: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ offset: Int
) -> Int {
  recordWrite(file, offset, UnsafeRawBufferPointer(start: bytes, count: count))
  return run(count, due()) { realPWrite(file, bytes, $0, offset) }
}

/// LMDB's write of several pages.
@_cdecl("writev")
public func countedWriteV(
  _ file: Int32, _ parts: UnsafePointer<iovec>?, _ count: Int32
) -> Int {
  var place = lseek(file, 0, SEEK_CUR)
  for part in UnsafeBufferPointer(start: parts, count: Int(count)) {
    recordWrite(file, place, UnsafeRawBufferPointer(start: part.iov_base, count: part.iov_len))
    place += part.iov_len
  }
  // Half of a gathered write is half of its parts; LMDB gathers whole pages.
  return run(Int(count), due()) { $0 == 0 ? 0 : realWriteV(file, parts, Int32($0)) }
}

/// LMDB's flush.
@_cdecl("fdatasync")
public func countedFDataSync(_ file: Int32) -> Int32 {
  let result = Int32(run(1, due()) { $0 == 0 ? 0 : Int(realFDataSync(file)) })
  if result == 0 { recordFlush() }
  return result
}
