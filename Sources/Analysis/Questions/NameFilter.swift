import Glibc
package import Inventory

/// Chooses items by a pattern of the shell on their name.
package struct NameFilter {
  private let pattern: String?

  /// Takes a pattern such as `openssl*`; nil lets everything pass.
  package init(_ pattern: String?) { self.pattern = pattern }

  /// Whether an item passes: by its `Name`, else its `Id`, else what identifies it first.
  package func matches(_ item: Item?, of type: TypeName) -> Bool {
    guard let pattern else { return true }
    guard let item, let name = Self.name(of: item, of: type) else { return false }
    return unsafe fnmatch(pattern, name, 0) == 0
  }

  /// Whether a change passes, by what it was or by what it is.
  package func matches(_ old: Item?, _ new: Item?, _ identity: Item, of type: TypeName) -> Bool {
    matches(old, of: type) || matches(new, of: type) || matches(identity, of: type)
  }

  /// What people call an item.
  package static func name(of item: Item, of type: TypeName) -> String? {
    if let name = item["Name"] ?? item["Id"] { return name }
    if case .attributes(let names) = TypeDefinition.of(type).identity, let first = names.first {
      return item[first]
    }
    return nil
  }
}
