import Glibc
import Synchronization

/// Ctrl-C and termination as a wish that a long command asks for between its steps.
package enum Interruption {
  private static let flag = Atomic<Bool>(false)

  /// Whether the command was asked to stop.
  package static var isRequested: Bool { flag.load(ordering: .relaxed) }

  /// From now on the first Ctrl-C only sets the wish; a second one ends the process at once.
  package static func catchSignals() {
    // The flag exists before a signal can come.
    flag.store(false, ordering: .relaxed)
    // Whoever starts a program from a thread that blocks signals hands that down: Dispatch does.
    var wanted = sigset_t()
    unsafe sigemptyset(&wanted)
    unsafe sigaddset(&wanted, SIGINT)
    unsafe sigaddset(&wanted, SIGTERM)
    unsafe pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    for signal in [SIGINT, SIGTERM] {
      var action = sigaction()
      unsafe action.__sigaction_handler.sa_handler = { _ in
        Interruption.flag.store(true, ordering: .relaxed)
      }
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND))
      unsafe sigaction(signal, &action, nil)
    }
  }
}
