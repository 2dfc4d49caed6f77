/// The source that a package was built from, as the package itself names it.
///
/// Flaws are published by source. What is signed apart has a source of its own (`linux-signed-amd64` for
/// `linux`), which is told as it is: whose flaws these are is for who compares to know.
package struct SourcePackage: Hashable, Sendable {
  /// The source's name.
  package let name: String
  /// The source's version, in the form of the package manager.
  package let version: String

  /// Takes both as they are.
  package init(name: String, version: String) {
    self.name = name
    self.version = version
  }

  /// What dpkg's field `Source` says, `name` or `name (version)`, of a package with a name and a version
  /// of its own, which count where the field is missing or says less.
  ///
  /// The same as `source:Package` and `source:Version` of dpkg-query.
  package init(dpkgField field: String, ofPackage package: String, _ version: String) {
    let name = field.prefix { $0 != " " }
    self.name = name.isEmpty ? package : String(name)
    let told = field.firstIndex(of: "(").map { open in
      field[field.index(after: open)...].prefix { $0 != ")" }
    }
    // An epoch of 0 is none.
    let own = told.map { $0.hasPrefix("0:") ? $0.dropFirst(2) : $0 } ?? ""
    self.version = own.isEmpty ? version : String(own)
  }

  /// What the name of the file says that rpm built a package from, `bash-5.1.8-9.el9.src.rpm`: the version
  /// with its release, and without the epoch, of which rpm's file names say nothing.
  ///
  /// Nil where it is no such name.
  package init?(rpmFile file: String) {
    let ends = [".src.rpm", ".nosrc.rpm"]
    guard let end = ends.first(where: { file.hasSuffix($0) }) else { return nil }
    let rest = file.dropLast(end.utf8.count)
    guard let release = rest.lastIndex(of: "-"),
      let version = rest[..<release].lastIndex(of: "-"), version > rest.startIndex,
      rest.index(after: version) < release, rest.index(after: release) < rest.endIndex
    else { return nil }
    name = String(rest[..<version])
    self.version = String(rest[rest.index(after: version)...])
  }

  /// What the qualifier `upstream` of a package URL says: `name` or `name@version`, without which the
  /// source has the package's version, or rpm's file name; nil where it says nothing.
  package init?(upstream: String, ofVersion version: String) {
    if let file = SourcePackage(rpmFile: upstream) {
      self = file
      return
    }
    let at = upstream.lastIndex(of: "@")
    let name = at.map { upstream[..<$0] } ?? upstream[...]
    guard !name.isEmpty, !upstream.hasSuffix(".rpm") else { return nil }
    let told = at.map { upstream[upstream.index(after: $0)...] } ?? ""
    self.init(name: String(name), version: told.isEmpty ? version : String(told))
  }
}
