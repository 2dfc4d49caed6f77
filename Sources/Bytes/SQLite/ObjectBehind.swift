/// An object whose pointer SQLite keeps and hands back.
protocol ObjectBehind: AnyObject {}

extension ObjectBehind {
  /// The object that a pointer of SQLite's stands for.
  static func behind(_ pointer: UnsafeMutableRawPointer?) -> Self {
    guard let pointer = unsafe pointer else {
      preconditionFailure("SQLite hands back what it was given")
    }
    return unsafe Unmanaged<Self>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Lets the object go, which was kept when its pointer was handed over.
  static func release(behind pointer: UnsafeMutableRawPointer?) {
    guard let pointer = unsafe pointer else { return }
    unsafe Unmanaged<Self>.fromOpaque(pointer).release()
  }
}
