public import Inventory

/// The users of `etc/passwd`.
public struct UserCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:User`.
  public var type: TypeName { .user }

  /// One item for each user; throws where `etc/passwd` cannot be read.
  ///
  /// Of `etc/shadow`, where it can be read, only whether a password is set and since when.
  public func collect(from machine: Machine) throws -> [Item] {
    let accounts = try machine.accounts()
    let passwords = Password.all(on: machine)
    return accounts.users.map { user in
      let names = accounts.groups.filter { $0.id == user.group || $0.members.contains(user.name) }
      var values = [
        "Name": user.name, "Uid": String(user.id), "Gid": String(user.group), "Home": user.home,
        "Shell": user.shell, "Groups": names.map(\.name).sorted().joined(separator: ","),
      ]
      if !user.fullName.isEmpty { values["FullName"] = text(cutTo: 1000, user.fullName) }
      values["PasswordState"] = passwords?[user.name]?.state
      values["PasswordChanged"] = passwords?[user.name]?.changed
      return Item(values.mapValues { text(cutTo: 4096, $0) })
    }
  }
}

/// What is told of a password: never the password nor its hash.
private struct Password {
  /// `set`, `locked` or `none`.
  let state: String
  /// The day it was set.
  let changed: String?

  /// By user; nil where `etc/shadow` cannot be read.
  static func all(on machine: Machine) -> [String: Password]? {
    guard let bytes = try? machine.bytes(of: "etc/shadow") else { return nil }
    var passwords: [String: Password] = [:]
    for fields in Accounts.lines(bytes) where fields.count >= 3 {
      // shadow(5): an exclamation mark locks; "*" and "!" alone are no hash that a password has.
      let field = fields[1]
      let state = field.isEmpty ? "none" : field.hasPrefix("!") || field == "*" ? "locked" : "set"
      let days = Int64(fields[2]).flatMap { (1..<50_000).contains($0) ? $0 : nil }
      passwords[fields[0]] = Password(
        state: state,
        changed: days.map { String(Instant(seconds: $0 * 86_400).description.prefix(10)) })
    }
    return passwords
  }
}
