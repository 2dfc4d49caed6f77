/// Whether one version comes before another, where nobody says whose versions they are.
///
/// In Debian's order: epochs first, numbers by value, `~` before the end. What others do (PEP 440, SemVer,
/// rpm's `^`) is near to it, and none of theirs does as well for all.
package func isOrderedAsVersions(_ a: String, _ b: String) -> Bool {
  DebianVersion(a) < DebianVersion(b)
}
