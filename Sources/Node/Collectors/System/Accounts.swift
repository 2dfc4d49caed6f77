/// The users and groups in the machine's own files.
///
/// Users of a directory service are not in them. Lines that passwd(5) does not allow, and those of NIS
/// (`+`, `-`), are passed over.
struct Accounts: Sendable {
  struct User: Sendable {
    let name: String
    let id: UInt32
    let group: UInt32
    let fullName: String
    let home: String
    let shell: String
  }

  struct Group: Sendable {
    let name: String
    let id: UInt32
    let members: [String]
  }

  /// Lines that are read of each file.
  static let linesMax = 100_000

  let users: [User]
  let groups: [Group]

  init(on machine: Machine) throws(CollectorError) {
    users = Self.lines(try machine.bytes(of: "etc/passwd")).compactMap { fields in
      guard fields.count == 7, let id = UInt32(fields[2]), let group = UInt32(fields[3]),
        !fields[0].isEmpty
      else { return nil }
      return User(
        name: fields[0], id: id, group: group, fullName: fields[4], home: fields[5],
        shell: fields[6])
    }
    groups = Self.lines((try? machine.bytes(of: "etc/group")) ?? []).compactMap { fields in
      guard fields.count == 4, let id = UInt32(fields[2]), !fields[0].isEmpty else { return nil }
      return Group(
        name: fields[0], id: id, members: fields[3].split(separator: ",").map(\.trimmed))
    }
  }

  /// The fields of each line that is neither empty, a comment, nor one of NIS.
  static func lines(_ bytes: [UInt8]) -> [[String]] {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).prefix(linesMax)
      .filter { line in !"#+-".contains(line.first ?? "#") }
      .map { $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init) }
  }

  /// The name of a user, or the number where no line has it.
  func userName(_ id: UInt32) -> String { users.first { $0.id == id }?.name ?? String(id) }
}
