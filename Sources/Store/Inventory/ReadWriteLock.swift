import Glibc

/// A lock that any number of readers hold together, or one writer alone.
///
/// A writer that waits goes before readers that come after it, so readers that follow each other
/// cannot keep it out. Not recursive. Safe because the lock's memory is its own, and never moves.
@safe final class ReadWriteLock: @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_rwlock_t>

  init() {
    var attributes = pthread_rwlockattr_t()
    unsafe pthread_rwlockattr_init(&attributes)
    unsafe pthread_rwlockattr_setkind_np(
      &attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
    unsafe lock = .allocate(capacity: 1)
    unsafe lock.initialize(to: pthread_rwlock_t())
    let code = unsafe pthread_rwlock_init(lock, &attributes)
    precondition(code == 0, "no read-write lock")
    unsafe pthread_rwlockattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_rwlock_destroy(lock)
    unsafe lock.deallocate()
  }

  /// Runs `body` while no writer holds the lock.
  func withReadLock<R: ~Copyable>(_ body: () -> R) -> R {
    unsafe pthread_rwlock_rdlock(lock)
    defer { unsafe pthread_rwlock_unlock(lock) }
    return body()
  }

  /// Runs `body` while nobody else holds the lock.
  func withWriteLock<R: ~Copyable>(_ body: () -> R) -> R {
    unsafe pthread_rwlock_wrlock(lock)
    defer { unsafe pthread_rwlock_unlock(lock) }
    return body()
  }
}
