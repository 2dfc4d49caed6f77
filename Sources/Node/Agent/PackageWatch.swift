import Glibc
import Synchronization

/// Notices that packages were installed or removed: the kernel tells of files that change.
///
/// The databases of dpkg and rpm are replaced or written at the end of each transaction.
final class PackageWatch: Sendable {
  /// Folders whose files change with the packages.
  private static let folders = ["/var/lib/dpkg", "/var/lib/rpm", "/usr/lib/sysimage/rpm"]

  private let descriptor: Int32
  private let buffer = Mutex([UInt8](repeating: 0, count: 16 << 10))

  /// Nil where the kernel does not tell, or there is nothing to watch.
  init?(root: String) {
    descriptor = inotify_init1(O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    let events = UInt32(IN_MOVED_TO) | UInt32(IN_CLOSE_WRITE)
    let watched = Self.folders.filter {
      unsafe inotify_add_watch(descriptor, root + $0, events) >= 0
    }
    if watched.isEmpty {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }

  /// Whether anything changed since it was last asked.
  func hasChanged() -> Bool {
    buffer.withLock { buffer in
      var isAny = false
      while unsafe read(descriptor, &buffer, buffer.count) > 0 { isAny = true }
      return isAny
    }
  }
}
