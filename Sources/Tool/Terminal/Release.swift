/// What is the same for all programs of one release.
package enum Release {
  /// The version of the programs.
  package static let version = "0.2.0"
}
