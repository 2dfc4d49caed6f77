import Dispatch

/// Where the tasks run that watch a program: threads of their own, so that a program is watched, and
/// killed in time, also where tasks of others hold all threads of the shared pool.
final class ToolExecutor: TaskExecutor {
  static let shared = ToolExecutor()

  private let queue = DispatchQueue(label: "stocktake.tool", attributes: .concurrent)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
