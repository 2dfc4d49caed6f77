/// One package as dpkg's status file has it.
package struct DpkgPackage: Hashable, Sendable {
  /// The third word of the field `Status`.
  package enum State: String, Sendable {
    case notInstalled = "not-installed"
    case configFiles = "config-files"
    case halfInstalled = "half-installed"
    case unpacked
    case halfConfigured = "half-configured"
    case triggersAwaited = "triggers-awaited"
    case triggersPending = "triggers-pending"
    case installed
  }

  package var name = ""
  package var version = ""
  /// In dpkg's own words: `amd64`, `all`.
  package var architecture = ""
  package var maintainer = ""
  package var section = ""
  package var homepage = ""
  /// The source where it is called otherwise, with its version in brackets where that is another; else
  /// empty.
  package var source = ""
  /// The first line of the description.
  package var summary = ""
  /// What the administrator wants: `install`, `hold`, `deinstall`.
  package var want = ""
  /// `ok`, or `reinstreq` where the package is broken.
  package var flag = ""
  /// The version that was configured last, where the package is not installed in full; else empty.
  package var configVersion = ""
  /// Seconds since 1970, which only opkg writes; else empty.
  package var installedTime = ""
  /// Nil where the word is none that dpkg has.
  package var state: State?

  /// `name:architecture`, which no other installed package has.
  var key: String { "\(name):\(architecture)" }

  /// Whether the package is there.
  ///
  /// A package whose triggers are still to run is installed already: dpkg puts it into these states
  /// while it works on other packages, and leaving it out would show a removal that never happened.
  /// So it is with a package that was configured once and is on its way to another version, or stuck
  /// there: the files on the disk are those of ``version``. Only a removal takes them away.
  package var isInstalled: Bool {
    switch state {
    case .installed, .triggersAwaited, .triggersPending: flag == "ok"
    case .unpacked, .halfConfigured: !configVersion.isEmpty
    case .halfInstalled: !configVersion.isEmpty && want != "deinstall" && want != "purge"
    case .notInstalled, .configFiles, nil: false
    }
  }
}

/// How the agent of Systems Manager writes what dpkg says, so that both give equal items.
package enum AgentForm {
  /// Bytes the agent leaves of a field.
  ///
  /// Source: maxSummaryLength in its application gatherer.
  package static let fieldBytesMax = 100

  /// A field cut as the agent cuts it, but never inside a character.
  ///
  /// The agent counts bytes after escaping for JSON, where a quotation mark, a backslash and a tab
  /// take two.
  package static func field(_ text: String) -> String {
    // Escaping at most doubles the length, so most fields need no count.
    if text.utf8.count <= fieldBytesMax / 2 { return text }
    var room = fieldBytesMax
    var end = text.unicodeScalars.startIndex
    for scalar in text.unicodeScalars {
      let isEscaped = scalar == "\\" || scalar == "\"" || scalar == "\t"
      room -= isEscaped ? 2 : UTF8.width(scalar)
      if room < 0 { return String(text.unicodeScalars[..<end]) }
      end = text.unicodeScalars.index(after: end)
    }
    return text
  }

  /// The agent's word for an architecture of dpkg.
  package static func architecture(_ name: String) -> String {
    switch name {
    case "amd64": "x86_64"
    case "386": "i386"
    default: name
    }
  }

  /// The name of the package's file, which the agent puts together because dpkg forgets it.
  package static func packageID(name: String, version: String, architecture: String) -> String {
    field("\(name)_\(version)_\(architecture).deb")
  }
}
