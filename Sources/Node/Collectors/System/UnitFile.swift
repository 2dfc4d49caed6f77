/// A unit of systemd: lines of names and values in sections, as systemd.syntax(7) describes them.
struct UnitFile {
  struct Value {
    let section: String
    let name: String
    let value: String
  }

  private static let bytesMax = 1 << 20

  private(set) var values: [Value] = []

  /// A unit that says nothing.
  init() {}

  /// Nil where the file cannot be read.
  ///
  /// A drop-in file that cannot be read is one that is masked.
  init?(_ path: String, dropIns: [String] = [], on machine: Machine) {
    guard let bytes = try? machine.bytes(of: path, max: Self.bytesMax) else { return nil }
    take(bytes)
    for path in dropIns {
      if let bytes = try? machine.bytes(of: path, max: Self.bytesMax) { take(bytes) }
    }
  }

  private mutating func take(_ bytes: [UInt8]) {
    var section = ""
    var held = ""
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let text = line.trimmed
      if text.hasPrefix("#") || text.hasPrefix(";") || text.isEmpty { continue }
      // Of a line that goes on only the backslash is replaced; blanks before it and after it stay.
      if line.hasSuffix("\\") {
        held += line.dropLast() + " "
        continue
      }
      let whole = (held + line).trimmed
      held = ""
      if whole.hasPrefix("["), whole.hasSuffix("]") {
        section = String(whole.dropFirst().dropLast())
      } else if let equals = whole.firstIndex(of: "=") {
        take(
          Value(
            section: section, name: whole[..<equals].trimmed,
            value: whole[whole.index(after: equals)...].trimmed))
      }
    }
  }

  /// Takes a line; an empty value takes back what came before it, but dependencies, which stay.
  private mutating func take(_ line: Value) {
    guard line.value.isEmpty else { return values.append(line) }
    let isTrigger = line.section == "Timer" && line.name.hasPrefix("On")
    if ["Requires", "BindsTo"].contains(line.name) { return }
    values.removeAll { value in
      value.section == line.section
        && (value.name == line.name || isTrigger && value.name.hasPrefix("On"))
    }
  }

  /// The last value of a name.
  subscript(section: String, name: String) -> String? {
    values.last { $0.section == section && $0.name == name }?.value
  }

  /// The words of all values of a name.
  func words(_ section: String, _ name: String) -> [String] {
    values.filter { $0.section == section && $0.name == name }
      .flatMap { $0.value.split(whereSeparator: \.isWhitespace).map(String.init) }
  }
}
