package import Inventory

/// A package manager and what it has installed, in the form of `AWS:Application`.
package protocol PackageSource: Sendable {
  /// Whether the machine has it.
  func isThere(on machine: Machine) -> Bool
  /// One item for each installed package; throws where its database makes no sense.
  func packages(on machine: Machine) throws -> [Item]
  /// Items of `Custom:PackageSource`, one for each package whose source is known; nil where the package
  /// manager knows of none.
  func sources(on machine: Machine) throws -> [Item]?
}

extension PackageSource {
  /// None.
  package func sources(on machine: Machine) throws -> [Item]? { nil }
}
