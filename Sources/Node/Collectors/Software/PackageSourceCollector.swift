public import Inventory
package import Packages

/// The sources that packages were built from: what flaws are published by.
///
/// A type of its own, because items of `AWS:Application` are those of Systems Manager's agent, which tells
/// nothing of it. Which source a version of a package has never changes, so that an item changes with its
/// package only, and all nodes of a release have the same items.
public struct PackageSourceCollector: Collector {
  /// Makes the collector.
  public init() {}

  /// `Custom:PackageSource`.
  public var type: TypeName { .packageSource }

  /// One item for each package whose source its package manager tells; throws where there is none that
  /// tells, and where one cannot be read.
  public func collect(from machine: Machine) throws -> [Item] {
    let told = try ApplicationCollector.sources.compactMap { source in
      source.isThere(on: machine) ? try source.sources(on: machine) : nil
    }
    guard !told.isEmpty else {
      throw CollectorError.unavailable("there is no package manager that tells of sources")
    }
    return told.flatMap { $0 }
  }
}

extension Item {
  /// The item of `Custom:PackageSource` of a package that has this item of `AWS:Application`.
  ///
  /// It has all that tells a version of a package from others, so that it is true by itself: of whatever
  /// node, at whatever time.
  package func withSource(_ source: SourcePackage) -> Item {
    var values = [
      "SourceName": AgentForm.field(source.name), "SourceVersion": AgentForm.field(source.version),
    ]
    for name in ["Name", "Version", "Release", "Epoch", "Architecture"] {
      values[name] = self[name]
    }
    return Item(values)
  }
}
