internal import CRelease

/// What is the same for all programs of one release.
package enum Release {
  /// The version of the programs.
  package static let version = "0.2.0"

  /// The version, and the commit it was built from where it was installed: `0.2.0 (4ef2700)`.
  package static var described: String {
    let build = unsafe String(cString: stocktake_build())
    return build.isEmpty ? version : "\(version) (\(build))"
  }
}
