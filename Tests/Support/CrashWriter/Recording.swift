import Glibc

// What LMDB asks of the disk, written down in order, so that a test can make the file that a loss of
// power would have left behind at any moment.
//
// Each entry is four numbers of eight bytes, little endian: kind, place in the file, byte count, 0;
// then the bytes. Kinds: 1 a write, 2 a write that is on the disk when it returns, 3 a flush, 4 a line
// that was printed.

/// The file that RECORD_CALLS names.
private let recording: Int32? = {
  guard let path = getenv("RECORD_CALLS") else { return nil }
  let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
  return file < 0 ? nil : file
}()

private func record(_ kind: UInt64, _ place: Int, _ bytes: UnsafeRawBufferPointer) {
  guard let recording else { return }
  var entry: [UInt8] = []
  for number in [kind, UInt64(place), UInt64(bytes.count), 0] {
    withUnsafeBytes(of: number.littleEndian) { entry += $0 }
  }
  entry += bytes
  // In one call, so that entries of several threads do not mix.
  guard write(recording, entry, entry.count) == entry.count else { dieNow() }
}

/// Writes down a write of the store's file, as it begins.
func recordWrite(_ file: Int32, _ place: Int, _ bytes: UnsafeRawBufferPointer) {
  guard recording != nil else { return }
  record(fcntl(file, F_GETFL) & O_DSYNC != 0 ? 2 : 1, place, bytes)
}

/// Writes down a flush that has ended.
func recordFlush() {
  record(3, 0, UnsafeRawBufferPointer(start: nil, count: 0))
}

/// Writes down a line that tells what was acknowledged, before it is told.
func recordLine(_ line: String) {
  var line = line
  line.withUTF8 { record(4, 0, UnsafeRawBufferPointer($0)) }
}
